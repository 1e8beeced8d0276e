/** Envelopes: each arrives as it was sent, and no bytes do harm. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import * as arbitrary from '../../protocol/test/arbitraries.js'
import type { OwnerCommand, OwnerReply } from '../command.js'
import { decodeEnvelope, encodeEnvelope } from '../envelope.js'
import type { Envelope } from '../envelope.js'

type Arbitraries = { readonly [T in Envelope['type']]: fc.Arbitrary<Extract<Envelope, { type: T }>> }

const { user, uint, conversation, messageId } = arbitrary
const typed = <T extends string>(type: T): fc.Arbitrary<T> => fc.constant(type)
const bytes = fc.uint8Array({ maxLength: 200 })
const users = fc.array(user, { maxLength: 5 })
const session = fc.record({ user, device: user, session: uint })
const sessions = fc.array(session, { maxLength: 5 })
const mark = fc.record({ user, delivered: uint, read: uint })
const signal = { conversation, sender: user, name: user, data: bytes }

const command: fc.Arbitrary<OwnerCommand> = fc.oneof(
  arbitrary.commands.send.map((send) => ({ ...send, ref: 0 })),
  arbitrary.commands.history,
  arbitrary.commands.participants,
  arbitrary.commands.create,
  arbitrary.commands.add,
  fc.record({
    frame: typed('resumeOne'),
    conversation,
    position: fc.record({ conversation, epoch: uint, seq: uint }),
    limit: uint,
  }),
  fc.record({
    frame: typed('enlist'),
    conversation,
    id: messageId,
    entered: fc.boolean(),
    about: conversation,
    epoch: uint,
    seq: uint,
  }),
  fc.record({ frame: typed('audience'), conversation }),
  fc.record({ frame: typed('list'), conversation, query: arbitrary.commands.conversations }),
)

const reply: fc.Arbitrary<OwnerReply> = fc.oneof(
  arbitrary.serverFrames.sent.map((sent) => ({ ...sent, ref: 0 })),
  arbitrary.serverFrames.error,
  arbitrary.serverFrames.page,
  arbitrary.serverFrames.participantList,
  fc.record({ frame: typed('audienceList'), membershipSeq: uint, users }),
  fc.record({ frame: typed('notOwner'), view: uint }),
  fc.record({
    frame: typed('onePage'),
    page: arbitrary.serverFrames.page.map(({ conversation: id, epoch, head, recovered, more, items }) => ({
      conversation: id,
      epoch,
      head,
      recovered,
      more,
      items,
    })),
  }),
)

const envelopes: Arbitraries = {
  command: fc.record({
    type: typed('command'),
    life: uint,
    token: uint,
    view: uint,
    caller: fc.record({ user, device: user, system: fc.boolean() }),
    command,
  }),
  reply: fc.record({ type: typed('reply'), life: uint, token: uint, view: uint, reply }),
  push: fc.record({
    type: typed('push'),
    delivery: fc.record({
      conversation,
      epoch: uint,
      prev: uint,
      seq: uint,
      time: uint,
      kind: uint,
      membershipBefore: uint,
      membershipSeq: uint,
      leaving: users,
      entry: bytes,
    }),
  }),
  marks: fc.record({
    type: typed('marks'),
    marks: fc.array(fc.record({ conversation, user, delivered: uint, read: uint }), { maxLength: 5 }),
  }),
  receipts: fc.record({ type: typed('receipts'), user, conversation, items: fc.array(mark, { maxLength: 5 }) }),
  signal: fc.record({ type: typed('signal'), ...signal }),
  signalled: fc.record({ type: typed('signalled'), membershipSeq: uint, ...signal }),
  heads: fc.record({
    type: typed('heads'),
    heads: fc.array(fc.record({ conversation, epoch: uint, seq: uint, membershipSeq: uint }), { maxLength: 5 }),
  }),
  attach: fc.record({ type: typed('attach'), sessions }),
  detach: fc.record({ type: typed('detach'), sessions }),
  displace: fc.record({ type: typed('displace'), user, device: user, session: uint }),
  disconnect: fc.record({
    type: typed('disconnect'),
    user,
    device: fc.option(user),
    close: fc.constantFrom('revoked', 'disconnected'),
  }),
  directory: fc.record({
    type: typed('directory'),
    number: uint,
    reset: fc.boolean(),
    entered: users,
    left: users,
  }),
  directoryAsk: fc.record({ type: typed('directoryAsk') }),
  gap: fc.record({ type: typed('gap') }),
  heartbeat: fc.record({
    type: typed('heartbeat'),
    view: uint,
    sessions: uint,
    directory: uint,
    sent: fc
      .dictionary(fc.stringMatching(/^n\d$/), uint)
      .map((sent) => Object.fromEntries(Object.entries(sent)) as Record<string, number>),
  }),
}

/** The same with all bytes of one kind: a Buffer and a Uint8Array of the same bytes are the same here. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return [...value]
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]))
}

for (const [type, envelope] of Object.entries<fc.Arbitrary<Envelope>>(envelopes)) {
  t.test(`envelope: a ${type} arrives as it was sent`, async () => {
    const property = fc.property(envelope, (sent) => {
      assert.deepEqual(plain(decodeEnvelope(encodeEnvelope(sent))), plain(sent))
    })
    fc.assert(property, { numRuns: 50 })
  })
}

t.test('envelope: any bytes are an envelope, unknown or refused, and what is cut off is refused', async () => {
  const read = (input: Uint8Array): void => {
    try {
      decodeEnvelope(input)
    } catch (error) {
      assert.ok(error instanceof Error)
    }
  }
  fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), read))
  fc.assert(
    fc.property(envelopes.push, fc.nat(), (push, at) => {
      const whole = encodeEnvelope(push)
      assert.throws(() => decodeEnvelope(whole.subarray(0, at % whole.length)))
    }),
  )
})

t.test('envelope: a type this node does not know is passed over', async (t) => {
  t.equal(decodeEnvelope(new Uint8Array([77, 0xc0])), undefined)
})
