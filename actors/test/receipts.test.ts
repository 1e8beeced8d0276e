/** Receipts: who is told how far others got, and how seldom. */
import t from 'tap'
import type { ConversationId, UserId } from '../../protocol/ids.js'
import { VirtualClock } from '../clock-virtual.js'
import type { Mark } from '../outlet.js'
import { Receipts } from '../receipts.js'
import { conversationOf, storedEntry } from './audience-fixture.js'

const GROUP = 'g:00000000-0000-4000-8000-000000000001'
const mark = (user: UserId, delivered: number, read = 0): Mark => ({ user, delivered, read })

/** A conversation of ann, bob and cy whose entries have these senders; entry 1 made it. */
function createReceipts(senders: readonly UserId[], id: ConversationId = GROUP, more: readonly UserId[] = []) {
  const clock = new VirtualClock()
  const sent: { readonly user: UserId; readonly items: readonly Mark[] }[] = []
  const receipts = new Receipts({ clock, send: (user, _conversation, items) => void sent.push({ user, items }) })
  const conversation = conversationOf(id, ['ann', 'bob', 'cy', ...more])
  conversation.kept.add({ ...storedEntry(conversation, 1), type: 0 })
  for (const [i, sender] of senders.entries()) conversation.kept.add({ ...storedEntry(conversation, i + 2), sender })
  const note = (after: Mark, before = mark(after.user, 0)): void => receipts.note(conversation, after, before)
  const wait = (): Promise<void> => clock.run(clock.now() + 200)
  return { clock, sent, note, wait }
}

t.test('receipts: the sender of what was passed is told, others are not', async (t) => {
  const { sent, note, wait } = createReceipts(['ann', 'cy'])
  note(mark('bob', 2))
  await wait()
  t.same(sent, [{ user: 'ann', items: [mark('bob', 2)] }])
  note(mark('bob', 3), mark('bob', 2))
  await wait()
  t.same(sent.slice(1), [{ user: 'cy', items: [mark('bob', 3)] }])
})

t.test('receipts: nobody is told of the own messages, but of what the user read on another device', async (t) => {
  const { sent, note, wait } = createReceipts(['bob'])
  note(mark('bob', 2))
  await wait()
  t.same(sent, [])
  note(mark('bob', 2, 2), mark('bob', 2))
  await wait()
  t.same(sent, [{ user: 'bob', items: [mark('bob', 2, 2)] }])
})

t.test('receipts: marks of a short while are one push, with the newest of each user', async (t) => {
  const { clock, sent, note, wait } = createReceipts(['ann', 'ann', 'ann'])
  note(mark('bob', 2))
  await clock.run(clock.now() + 100)
  note(mark('bob', 4), mark('bob', 2))
  note(mark('cy', 3))
  t.same(sent, [])
  await wait()
  t.same(sent, [{ user: 'ann', items: [mark('bob', 4), mark('cy', 3)] }])
  await clock.run(clock.now() + 10_000)
  t.equal(sent.length, 1)
})

t.test('receipts: of a long stretch only the newest senders are told', async (t) => {
  const { sent, note, wait } = createReceipts(['cy', ...Array.from({ length: 40 }, () => 'ann')])
  note(mark('bob', 42))
  await wait()
  t.same(
    sent.map(({ user }) => user),
    ['ann'],
  )
})

t.test('receipts: a change is no message, and has no sender to tell', async (t) => {
  const { sent, note, wait } = createReceipts([])
  note(mark('bob', 1))
  await wait()
  t.same(sent, [])
})

t.test('receipts: there are none in rooms and large groups', async (t) => {
  const many = Array.from({ length: 100 }, (_, i) => `user${String(i)}`)
  for (const { sent, note, wait } of [createReceipts(['ann'], 'r:hall'), createReceipts(['ann'], GROUP, many)]) {
    note(mark('bob', 2, 2))
    await wait()
    t.same(sent, [])
  }
})
