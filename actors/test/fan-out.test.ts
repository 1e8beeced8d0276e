/** The way of an entry to the sessions: once per node, encoded once per codec, and to those whom it concerns. */
import t from 'tap'
import { jsonCodec } from '../../protocol/codec-json.js'
import { msgpackCodec } from '../../protocol/codec-msgpack.js'
import type { Codec } from '../../protocol/codec.js'
import type { UserId } from '../../protocol/ids.js'
import { Audiences } from '../audiences.js'
import { Delivery } from '../delivery.js'
import { DirectoryTable } from '../directory-table.js'
import { FanOut } from '../fan-out.js'
import { silent } from '../logger.js'
import { MarkWriter } from '../marks.js'
import { conversationOf, deliveryFrom, storedEntry } from './audience-fixture.js'
import { createNet, envelopesOf } from './link-fixture.js'

const GROUP = 'g:00000000-0000-4000-8000-000000000001'

async function createFanOut(audience: readonly UserId[] = []) {
  const world = createNet()
  const self = await world.join('n1')
  const [n2, n3] = [await world.join('n2'), await world.join('n3')]
  const directory = new DirectoryTable()
  const told: string[] = []
  const entries: Uint8Array[] = []
  const marked: unknown[] = []
  const fanOut = new FanOut({
    node: 'n1',
    clock: world.clock,
    directory,
    links: self.links,
    audiences: new Audiences({
      clock: world.clock,
      ask: () => Promise.resolve({ frame: 'audienceList', membershipSeq: 1, users: audience }),
    }),
    sessions: {
      deliver: (users, { fields }) => {
        told.push(`push ${String(fields.seq)} to ${[...users].join()}`)
        entries.push(Uint8Array.from(fields.entry))
      },
      receipts: (user, _conversation, items) => void told.push(`${String(items.length)} receipts to ${user}`),
      signalled: (users, _conversation, sender, name) => void told.push(`${name} of ${sender} to ${[...users].join()}`),
      head: (users, { seq }) => void told.push(`head ${String(seq)} to ${[...users].join()}`),
    },
    marks: new MarkWriter({ mark: (marks) => Promise.resolve(void marked.push(...marks)) }, world.clock, silent),
  })
  return { ...world, self, n2, n3, directory, told, entries, marked, fanOut }
}

t.test('fan-out: an entry goes once to each node that has participants online', async (t) => {
  const { directory, fanOut, step, n2, n3, told } = await createFanOut()
  const conversation = conversationOf(GROUP, ['ann', 'bob', 'cy', 'dan'])
  for (const user of ['ann', 'bob', 'cy', 'stranger']) directory.enter('n2', user)
  directory.enter('n3', 'stranger')
  directory.enter('n1', 'dan')
  fanOut.push(conversation, storedEntry(conversation, 2), 1)
  await step()
  t.match(envelopesOf(n2), [{ type: 'push', delivery: { conversation: GROUP, prev: 1, seq: 2, membershipSeq: 1 } }])
  t.same(envelopesOf(n3), [])
  t.same(told, ['push 2 to ann,bob,cy,dan'])
})

t.test('fan-out: who comes online is reached by the next entry', async (t) => {
  const { directory, fanOut, step, n2, n3 } = await createFanOut()
  const conversation = conversationOf(GROUP, ['ann', 'bob'])
  directory.enter('n2', 'ann')
  fanOut.push(conversation, storedEntry(conversation, 2), 1)
  directory.enter('n3', 'bob')
  fanOut.push(conversation, storedEntry(conversation, 3), 2)
  directory.leave('n2', 'ann')
  fanOut.push(conversation, storedEntry(conversation, 4), 3)
  await step()
  t.equal(envelopesOf(n2).length, 2)
  t.equal(envelopesOf(n3).length, 2)
})

t.test('fan-out: users who leave get the entry by which they left, wherever they are', async (t) => {
  const { directory, fanOut, step, n2, n3, told } = await createFanOut()
  const conversation = conversationOf(GROUP, ['ann'])
  directory.enter('n1', 'ann')
  directory.enter('n2', 'bob')
  fanOut.push(conversation, storedEntry(conversation, 2, ['bob']), 1)
  fanOut.push(conversation, storedEntry(conversation, 3), 2)
  await step()
  t.match(envelopesOf(n2), [{ type: 'push', delivery: { seq: 2, leaving: ['bob'] } }])
  t.same(envelopesOf(n3), [])
  t.same(told, ['push 2 to ann,bob', 'push 3 to ann'])
})

t.test('fan-out: a delivery from another node is given to its audience here', async (t) => {
  const { fanOut, step, told } = await createFanOut(['ann', 'bob'])
  fanOut.deliver(deliveryFrom(GROUP, 2, 1).fields)
  fanOut.deliver(deliveryFrom('d:cy:dan', 7, 0).fields)
  await step()
  t.same(told, ['push 7 to cy,dan', 'push 2 to ann,bob'])
})

t.test('fan-out: a delivery keeps its entry, not the bytes that the bus brought it in', async (t) => {
  const { fanOut, step, entries } = await createFanOut(['ann', 'bob'])
  const { fields } = deliveryFrom(GROUP, 2, 1)
  const brought = Uint8Array.from([1, 2, 3, ...fields.entry, 4])
  fanOut.deliver({ ...fields, entry: brought.subarray(3, -1) })
  brought.fill(0)
  await step()
  t.same(entries, [fields.entry])
})

t.test('fan-out: what is from before the audience is announced, not shown', async (t) => {
  const { fanOut, step, told } = await createFanOut(['ann'])
  fanOut.deliver(deliveryFrom(GROUP, 5, 0).fields)
  await step()
  t.same(told, ['head 5 to ann'])
})

t.test('fan-out: a signal goes once to each node, and to the sessions here', async (t) => {
  const { directory, fanOut, step, n2, told } = await createFanOut(['ann', 'bob'])
  const conversation = conversationOf(GROUP, ['ann', 'bob', 'cy'])
  directory.enter('n1', 'ann')
  for (const user of ['bob', 'cy']) directory.enter('n2', user)
  fanOut.signal(conversation, 'ann', 'typing', new Uint8Array(1))
  await step()
  const [envelope, ...more] = envelopesOf(n2)
  t.same(more, [])
  t.match(envelope, { type: 'signalled', conversation: GROUP, membershipSeq: 1, sender: 'ann', name: 'typing' })
  t.same(told, ['typing of ann to ann,bob,cy'])
  if (envelope?.type === 'signalled') fanOut.takeSignal(envelope)
  await step()
  t.equal(told.at(-1), 'typing of ann to ann,bob')
})

t.test('fan-out: receipts go to the nodes of the user, and marks to history', async (t) => {
  const { clock, directory, fanOut, step, n2, told, marked } = await createFanOut()
  const conversation = conversationOf(GROUP, ['ann', 'bob'])
  conversation.kept.add(storedEntry(conversation, 2))
  directory.enter('n1', 'ann')
  directory.enter('n2', 'ann')
  fanOut.receipt(conversation, { user: 'bob', delivered: 2, read: 0 }, { user: 'bob', delivered: 0, read: 0 })
  await clock.run(clock.now() + 3_000)
  await step()
  t.match(envelopesOf(n2), [{ type: 'receipts', user: 'ann', items: [{ user: 'bob', delivered: 2 }] }])
  t.same(told, ['1 receipts to ann'])
  t.same(marked, [{ conversation: GROUP, user: 'bob', delivered: 2, read: 0 }])
})

t.test('fan-out: very many heads are announced in parts, to the peers and to the sessions here', async (t) => {
  const { fanOut, step, n2, n3, told } = await createFanOut()
  const heads = Array.from({ length: 4_500 }, (_, seq) => ({ conversation: 'u:ann', epoch: 1, seq, membershipSeq: 0 }))
  fanOut.announceToAll(heads, ['n2', 'n3'])
  await step()
  for (const peer of [n2, n3])
    t.same(
      envelopesOf(peer).map((envelope) => envelope.type === 'heads' && envelope.heads.length),
      [2_000, 2_000, 500],
    )
  t.equal(told.length, 4_500)
})

t.test('delivery: a push is encoded once per codec, however many sockets get it', async (t) => {
  let encoded = 0
  const counting = (codec: Codec): Codec => ({
    ...codec,
    encodeServerFrame: (frame) => {
      encoded++
      return codec.encodeServerFrame(frame)
    },
  })
  const [msgpack, json] = [counting(msgpackCodec), counting(jsonCodec)]
  const delivery = new Delivery(deliveryFrom(GROUP, 2, 1).fields)
  const frames = [msgpack, json, msgpack, json, msgpack].map((codec) => delivery.frame(codec))
  t.equal(encoded, 2)
  t.equal(frames[0], frames[4])
  t.match(jsonCodec.decodeServerFrames(frames[1] as Uint8Array), [{ frame: 'push', prev: 1, epoch: 1 }])
})
