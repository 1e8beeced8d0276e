/** Enlisting: every user's own conversation hears of every change, and of the changes of one conversation in their order. */
import t from 'tap'
import { userConversation } from '../../protocol/ids.js'
import { VirtualClock } from '../clock-virtual.js'
import { refusal } from '../command.js'
import type { Enlist, OwnerReply } from '../command.js'
import { Enlisting } from '../enlisting.js'

const SENT: OwnerReply = { frame: 'sent', ref: 0, epoch: 1, seq: 1, time: 1 }
const GROUP = 'g:0190163d-0000-7000-8000-000000000001'

const enlistOf = (user: string, seq: number, about = GROUP): Enlist => ({
  ...{ frame: 'enlist', conversation: userConversation(user), id: String(seq), entered: seq % 2 === 1 },
  ...{ about, epoch: 1, seq },
})

function makeEnlisting() {
  const clock = new VirtualClock(1_000_000)
  const asked: { readonly enlist: Enlist; readonly answer: (reply: OwnerReply) => void }[] = []
  const enlisting = new Enlisting({
    clock,
    enlist: (enlist) => new Promise((answer) => asked.push({ enlist, answer })),
  })
  const record = { seq: 1, entries: [], bytes: 0, unconfirmed: 0 }
  const wait = (ms: number): Promise<void> => clock.run(clock.now() + ms)
  const seqs = () => asked.map(({ enlist }) => enlist.seq)
  return { enlisting, record, asked, seqs, wait }
}

t.test('enlisting: a change is told only when the one before it is stored', async (t) => {
  const { enlisting, record, asked, seqs, wait } = makeEnlisting()
  enlisting.tell(record, [enlistOf('ann', 1)])
  enlisting.tell(record, [enlistOf('ann', 2)])
  t.equal(record.unconfirmed, 2)
  t.same(seqs(), [1])
  asked[0]?.answer(refusal('temporary'))
  await wait(10)
  t.same(seqs(), [1], 'it is not overtaken')
  await wait(500)
  t.same(seqs(), [1, 1])
  asked[1]?.answer(SENT)
  await wait(1)
  t.same(seqs(), [1, 1, 2])
  asked[2]?.answer(SENT)
  await wait(1)
  t.equal(record.unconfirmed, 0)
})

t.test('enlisting: other users and other conversations do not wait', async (t) => {
  const { enlisting, record, seqs } = makeEnlisting()
  enlisting.tell(record, [enlistOf('ann', 1), enlistOf('bob', 2), enlistOf('ann', 3, 'r:hall')])
  t.same(seqs(), [1, 2, 3])
})

t.test('enlisting: a shard that was lost says nothing more', async (t) => {
  const { enlisting, record, asked, seqs, wait } = makeEnlisting()
  enlisting.tell(record, [enlistOf('ann', 1), enlistOf('ann', 2)])
  enlisting.stop()
  asked[0]?.answer(refusal('temporary'))
  await wait(2_000)
  t.same(seqs(), [1])
})
