import fc from 'fast-check'
import t from 'tap'
import { encodeWholeEntry } from '../../entry-codec.js'
import type { Command, Item, Page, Position, Resume } from '../../frames.js'
import { Backoff } from '../backoff.js'
import { Events } from '../events.js'
import { GuardedStorage } from '../guarded-storage.js'
import { Inbox } from '../inbox.js'
import { MemoryStorage } from '../storage.js'
import { ManualClock } from './manual-clock.js'

const CONVERSATIONS = ['r:a', 'r:b', 'r:c']

/** The server's side: conversations that grow, and what is on the line. */
class World {
  readonly clock = new ManualClock()
  readonly events = new Events()
  readonly delivered: string[] = []
  readonly heads = new Map(CONVERSATIONS.map((id) => [id, 0]))
  readonly inbox: Inbox
  asked: Resume | undefined

  constructor(storage: MemoryStorage) {
    let ref = 0
    this.events.on('message', ({ conversation, seq }) => this.delivered.push(`${conversation} ${String(seq)}`))
    this.inbox = new Inbox({
      clock: this.clock,
      events: this.events,
      storage: new GuardedStorage(storage, this.events),
      newBackoff: () => new Backoff({ min: 10, max: 100 }, () => 0.5),
      counters: { resumes: 0, gaps: 0, duplicates: 0 },
      nextRef: () => ++ref,
      transmit: (command: Command) => {
        if (command.frame === 'resume') this.asked = command
      },
    })
    this.inbox.online('alice')
  }

  append(conversation: string, isPushed: boolean): void {
    const seq = (this.heads.get(conversation) ?? 0) + 1
    this.heads.set(conversation, seq)
    if (isPushed) this.push(conversation, seq)
  }

  push(conversation: string, seq: number): void {
    if (seq > 0) this.inbox.push({ frame: 'push', epoch: 1, ...item(conversation, seq) })
  }

  /** Answers the resume on the line with short pages, or with an error in the place of every `fault`th. */
  answer(fault: number): void {
    const { asked } = this
    if (asked === undefined) return
    this.asked = undefined
    const errors = asked.positions.filter((_, i) => fault > 0 && i % fault === 0)
    const pages = asked.positions.filter((position) => !errors.includes(position)).map((p) => this.#page(p))
    const refusals = errors.map(({ conversation }) => ({ conversation, error: 'temporary' }) as const)
    this.inbox.resumed({ frame: 'resumed', ref: asked.ref, pages, errors: refusals })
  }

  reconnect(): void {
    this.asked = undefined
    this.inbox.offline()
    this.inbox.online('alice')
  }

  #page({ conversation, seq }: Position): Page {
    const head = this.heads.get(conversation) ?? 0
    const items: Item[] = []
    for (let next = seq + 1; next <= head && items.length < 3; next++) items.push(item(conversation, next))
    return { conversation, epoch: 1, head, recovered: true, more: seq + items.length < head, items }
  }
}

function item(conversation: string, seq: number): Item {
  const header = { version: 1, kind: 1, conversation, seq, ordinal: seq, time: seq, sender: 'bob', device: 'd' }
  const body = { id: '', type: 1, content: new Uint8Array(), extra: null, priority: 0, ttl: 0 }
  return { prev: seq - 1, entry: encodeWholeEntry({ ...header, ...body }) }
}

const action = fc.record({
  kind: fc.constantFrom('push', 'push', 'push', 'lose', 'repeat', 'answer', 'head', 'resync', 'wait', 'reconnect'),
  pick: fc.nat(30),
})

t.test('inbox: whatever is lost, repeated, refused or cut off, every entry comes once and in order', (t) => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 100 }), (actions) => {
      const world = new World(new MemoryStorage())
      const acts = {
        push: (id: string) => {
          world.append(id, true)
        },
        lose: (id: string) => {
          world.append(id, false)
        },
        repeat: (id: string, pick: number) => {
          world.push(id, Math.min(pick, world.heads.get(id) ?? 0))
        },
        answer: (_: string, pick: number) => {
          world.answer(pick % 4)
        },
        head: (conversation: string) => {
          world.inbox.head({ frame: 'head', conversation, epoch: 1, seq: world.heads.get(conversation) ?? 0 })
        },
        resync: () => {
          world.inbox.resumeAll()
        },
        wait: (_: string, pick: number) => {
          world.clock.advance(pick)
        },
        reconnect: () => {
          world.reconnect()
        },
      }
      for (const { kind, pick } of actions) acts[kind](CONVERSATIONS[pick % 3] ?? '', pick)
      for (const id of CONVERSATIONS) acts.head(id)
      for (let i = 0; i < 200; i++) {
        world.answer(i < 3 ? 1 : 0)
        world.clock.advance(100)
      }
      return CONVERSATIONS.every((id) => isComplete(id, world))
    }),
    { numRuns: 500 },
  )
  t.end()
})

function isComplete(conversation: string, { heads, delivered }: World): boolean {
  const wanted = Array.from({ length: heads.get(conversation) ?? 0 }, (_, i) => `${conversation} ${String(i + 1)}`)
  const got = delivered.filter((text) => text.startsWith(conversation))
  return JSON.stringify(got) === JSON.stringify(wanted)
}

t.test('inbox: an entry that cannot be read is an error, and the next page goes on behind it', (t) => {
  const world = new World(new MemoryStorage())
  const errors: string[] = []
  world.events.on('error', ({ code }) => errors.push(code))
  world.answer(0)
  world.inbox.push({ frame: 'push', epoch: 1, prev: 0, entry: Uint8Array.of(0xc1) })
  world.heads.set('r:a', 1)
  world.append('r:a', true)
  t.same(world.asked?.positions, [{ conversation: 'r:a', epoch: 0, seq: 0 }])
  const [, good] = [item('r:a', 1), item('r:a', 2)]
  const items = [{ prev: 0, entry: Uint8Array.of(0xc1) }, good]
  const page = { conversation: 'r:a', epoch: 1, head: 2, recovered: true, more: false, items }
  world.inbox.resumed({ frame: 'resumed', ref: world.asked?.ref ?? 0, pages: [page], errors: [] })
  t.same(errors, ['bad-frame', 'bad-frame'])
  t.same(world.delivered, ['r:a 2'])
  t.end()
})

t.test('inbox: more conversations than fit in one question are asked for in turn, the most recent first', (t) => {
  const storage = new MemoryStorage()
  const positions = Array.from({ length: 250 }, (_, i) => ({
    conversation: `r:${String(i)}`,
    epoch: 1,
    seq: 1,
    time: i,
  }))
  const world = new World(storage)
  world.inbox.offline()
  world.inbox.load(positions)
  world.inbox.online('alice')
  const sizes: number[] = []
  t.same(
    world.asked?.positions.slice(0, 3).map(({ conversation }) => conversation),
    ['u:alice', 'r:249', 'r:248'],
  )
  for (; world.asked; world.answer(0)) sizes.push(world.asked.positions.length)
  t.same(sizes, [100, 100, 51])
  t.end()
})
