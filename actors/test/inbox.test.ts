/** The inbox: what other nodes say comes to the part it is for, and in the order that delivery depends on. */
import t from 'tap'
import type { Envelope, HeartbeatEnvelope } from '../envelope.js'
import { Inbox } from '../inbox.js'
import type { InboxParts } from '../inbox.js'

const CONVERSATION = 'r:hall'
const SESSION = { user: 'ann', device: 'phone', session: 3 }

/** Parts that only note what they are told. Conversation r:hall is awake and its shard is here. */
function createInbox() {
  const calls: string[] = []
  const note =
    (name: string) =>
    (...args: readonly unknown[]): void =>
      void calls.push([name, ...args.map((arg) => (typeof arg === 'string' ? arg : JSON.stringify(arg)))].join(' '))
  const parts = {
    node: 'n1',
    cluster: { heard: note('cluster.heard') },
    links: { post: note('post'), check: note('links.check') },
    router: {
      takeCommand: (from: string) => note('command')(from),
      takeReply: (from: string) => note('reply')(from),
      shardOf: (conversation: string) => (conversation === CONVERSATION ? 1 : 2),
    },
    shards: { get: (shard: number) => (shard === 1 ? {} : undefined), recentHeads: () => ['head'] },
    sessions: {
      has: ({ session }: typeof SESSION) => session === 3,
      receipts: note('receipts'),
      displace: note('displace'),
      disconnect: note('disconnect'),
    },
    directory: { enter: note('enter') },
    directorySync: { take: note('directory'), answer: note('snapshot'), check: note('directory.check') },
    attachments: { attach: note('attach'), detach: note('detach') },
    fanOut: {
      deliver: note('deliver'),
      takeSignal: note('signalled'),
      takeHeads: note('heads'),
      announce: note('announce'),
    },
    registry: { repeat: note('repeat') },
    conversations: { get: (id: string) => (id === CONVERSATION ? {} : undefined), tell: note('tell') },
  } as unknown as InboxParts
  const inbox = new Inbox(parts)
  const take = (envelope: Envelope): string[] => {
    inbox.take('n2', 7, envelope)
    return calls.splice(0)
  }
  return { take }
}

const caller = { user: 'ann', device: 'phone', system: false }

t.test('inbox: a resume notes where its user is before the owner answers', async (t) => {
  const { take } = createInbox()
  const position = { conversation: CONVERSATION, epoch: 1, seq: 0 }
  const command = { frame: 'resumeOne', conversation: CONVERSATION, position, limit: 5 } as const
  t.same(take({ type: 'command', life: 1, token: 1, view: 1, caller, command }), ['enter n2 ann', 'command n2'])
})

t.test('inbox: other commands and replies go to the router alone', async (t) => {
  const { take } = createInbox()
  const command = { frame: 'leave', ref: 0, conversation: CONVERSATION } as const
  t.same(take({ type: 'command', life: 1, token: 1, view: 1, caller, command }), ['command n2'])
  const reply = { frame: 'notOwner', view: 1 } as const
  t.same(take({ type: 'reply', life: 1, token: 1, view: 1, reply }), ['reply n2'])
})

t.test('inbox: marks reach conversations that are awake, and wake none', async (t) => {
  const { take } = createInbox()
  const marks = ['r:asleep', CONVERSATION].map((conversation) => ({ conversation, user: 'ann', delivered: 2, read: 1 }))
  t.match(take({ type: 'marks', marks }), [/^tell r:hall .*"user":"ann","delivered":2,"read":1/])
})

t.test('inbox: a signal reaches a conversation whose shard is here', async (t) => {
  const { take } = createInbox()
  const signal = { type: 'signal', sender: 'ann', name: 'typing', data: new Uint8Array(0) } as const
  t.match(take({ ...signal, conversation: CONVERSATION }), [/^tell r:hall .*typing/])
  t.same(take({ ...signal, conversation: 'r:elsewhere' }), [])
})

t.test('inbox: a peer that missed something hears the recent heads, and of the sessions here', async (t) => {
  const { take } = createInbox()
  t.same(take({ type: 'gap' }), ['announce ["head"] n2', 'repeat n2'])
})

t.test('inbox: a heartbeat tells that its node lives, and what it has sent', async (t) => {
  const { take } = createInbox()
  const heartbeat: HeartbeatEnvelope = {
    type: 'heartbeat',
    view: 4,
    sessions: 1,
    directory: 9,
    sent: { n1: 12, n3: 5 },
  }
  t.match(take(heartbeat), [/^cluster.heard n2 7/, 'links.check n2 7 12', 'directory.check n2 7 9'])
  t.match(take({ ...heartbeat, sent: {} }), [/^cluster/, 'links.check n2 7 0', /^directory/])
})

t.test('inbox: sessions are attached and detached one by one', async (t) => {
  const { take } = createInbox()
  const sessions = [SESSION, { ...SESSION, user: 'bob' }]
  t.match(take({ type: 'attach', sessions }), [/^attach n2 .*ann.*/, /^attach n2 .*bob.*/])
  t.match(take({ type: 'detach', sessions: [SESSION] }), [/^detach n2 .*ann/])
})

t.test('inbox: what is for the sessions of this node goes to them', async (t) => {
  const { take } = createInbox()
  t.match(take({ type: 'receipts', user: 'ann', conversation: CONVERSATION, items: [] }), ['receipts ann r:hall []'])
  t.match(take({ type: 'displace', ...SESSION }), ['displace ann phone 3'])
  t.match(take({ type: 'disconnect', user: 'ann', device: null, close: 'revoked' }), [/^disconnect ann null revoked/])
  t.match(take({ type: 'heads', heads: [] }), ['heads []'])
})
