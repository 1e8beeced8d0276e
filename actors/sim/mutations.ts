/**
 * Mutations: the rules of the design's section 3, each switched off from outside, by a contract that breaks its promise or a method that does
 * not do its part. The simulation must notice every one of them, or it does not test that rule.
 */
import { Audiences } from '../audiences.js'
import { ClusterState } from '../cluster-state.js'
import { FanOut } from '../fan-out.js'
import type { History, ShardPosition } from '../history.js'
import type { AppendOutcome, Journal, ShardId } from '../journal.js'
import { Links } from '../links.js'
import { RecentIds } from '../recent-ids.js'
import { decodeRecord, encodeRecord } from '../record.js'
import { Router } from '../router.js'
import { Shard } from '../shard.js'
import { Shards } from '../shards.js'
import type { FamilyName } from './faults.js'
import type { Bent } from './stores.js'

export interface Mutation {
  /** Of section 3; 0 is the acknowledgement itself (promise 1). */
  readonly rule: number
  /** Whose faults bring it to light. */
  readonly family: FamilyName
  readonly bent?: Bent
  /** Replaces what a class does, in this process; the answer puts it back. */
  readonly patch?: () => () => void
}

/** Puts another method in place of `on[name]`. */
function replace<T extends object, K extends keyof T>(on: T, name: K, make: (original: T[K]) => T[K]): () => void {
  const original = on[name]
  on[name] = make(original)
  return () => {
    on[name] = original
  }
}

/** The same for a getter. */
function getting(on: object, name: string, get: () => unknown): () => void {
  const original = Object.getOwnPropertyDescriptor(on, name) ?? {}
  Object.defineProperty(on, name, { ...original, get })
  return () => void Object.defineProperty(on, name, original)
}

const bendJournal = (bend: (journal: Journal) => Partial<Journal>): Bent => ({
  journal: (journal) => ({ ...journal, ...bend(journal) }),
})

const bendHistory = (bend: (history: History) => Partial<History>): Bent => ({
  history: (history) => ({ ...history, ...bend(history) }),
})

async function appendAtTail(journal: Journal, shard: ShardId, record: Uint8Array): Promise<AppendOutcome> {
  const tail = await journal.tail(shard).catch(() => null)
  return tail === null ? { outcome: 'unknown', reason: 'away' } : journal.append(shard, tail.seq, record)
}

export const MUTATIONS = {
  'acks what may not be stored': {
    rule: 0,
    family: 'journal',
    bent: bendJournal((journal) => ({
      append: async (shard, expected, record) => {
        const outcome = await journal.append(shard, expected, record)
        return outcome.outcome === 'unknown' ? { outcome: 'stored', seq: expected + 1 } : outcome
      },
    })),
  },
  'activates with state and position of two moments': {
    rule: 1,
    family: 'nodes',
    bent: bendHistory((history) => ({
      activate: async (shard, conversations, since) => {
        const early = await history.activate(shard, conversations, since)
        const late = await history.activate(shard, conversations, since)
        return { found: early.found, position: { ...late.position, seq: late.position.seq + 1 } }
      },
    })),
  },
  'appends past the fence': {
    rule: 2,
    family: 'nodes',
    bent: bendJournal((journal) => ({
      append: async (shard, expected, record) => {
        const outcome = await journal.append(shard, expected, record)
        return outcome.outcome === 'refused' ? appendAtTail(journal, shard, record) : outcome
      },
    })),
  },
  'takes a shard from a newer owner': {
    rule: 2,
    family: 'views',
    bent: bendJournal((journal) => ({
      tail: async (shard) => {
        const tail = await journal.tail(shard)
        return tail.record === null ? tail : { ...tail, record: withView(tail.record, 0) }
      },
    })),
  },
  'repeats an unknown append as a new one': {
    rule: 3,
    family: 'journal',
    bent: bendJournal((journal) => ({
      append: async (shard, expected, record) => {
        const outcome = await journal.append(shard, expected, record)
        return outcome.outcome === 'unknown' ? appendAtTail(journal, shard, record) : outcome
      },
    })),
  },
  'purges the newest record too': {
    rule: 4,
    family: 'ages',
    bent: bendJournal((journal) => ({ purge: (shard) => journal.purge(shard, Infinity) })),
  },
  'goes on in the same epoch when the journal lost records': {
    rule: 5,
    family: 'loss',
    bent: bendJournal((journal) => ({
      tail: async (shard) => ({ ...(await journal.tail(shard)), stream: 'the same' }),
    })),
    patch: () => getting(Shard.prototype, 'journalPosition', () => null),
  },
  'archives on although history stands elsewhere': {
    rule: 11,
    family: 'rollback',
    patch: () => replace(Shards.prototype, 'tidy', () => () => Promise.resolve()),
    bent: bendHistory((history) => {
      const expected = new Map<ShardId, ShardPosition>()
      return {
        positions: async (shards) =>
          (await history.positions(shards)).map((position, i) => expected.get(shards[i] ?? 0) ?? position),
        archive: async (batch) => {
          const outcome = await history.archive(batch)
          const then =
            outcome.outcome === 'mismatch'
              ? await history.archive({ ...batch, fromStream: outcome.position.stream, from: outcome.position.seq })
              : outcome
          if (then.outcome === 'archived')
            expected.set(batch.shard, { stream: batch.stream, seq: batch.to, epoch: batch.epoch })
          return then
        },
      }
    }),
  },
  'suspects the others after it stood still': {
    rule: 8,
    family: 'nodes',
    patch: () => replace(ClusterState.prototype, 'trustAll', () => () => undefined),
  },
  'announces no heads': {
    rule: 9,
    family: 'bus',
    patch: () => replace(FanOut.prototype, 'announce', () => () => undefined),
  },
  'does not compare the numbers in heartbeats': {
    rule: 9,
    family: 'quiet',
    patch: () => replace(Links.prototype, 'check', () => () => undefined),
  },
  'stores messages ahead of those they follow': {
    rule: 10,
    family: 'everything',
    patch: () =>
      replace(
        Router.prototype,
        'route',
        (route) =>
          function (this: Router, caller, command, to) {
            route.call(this, caller, command.frame === 'send' ? { ...command, after: null } : command, to)
          },
      ),
  },
  'forgets the ids of messages': {
    rule: 12,
    family: 'calm',
    patch: () => replace(RecentIds.prototype, 'find', () => () => 0),
  },
  'does not repeat effects on other conversations': {
    rule: 13,
    family: 'calm',
    patch: () => {
      let told = 0
      const isLost = (): boolean => ++told % 5 === 0
      return replace(
        Router.prototype,
        'ask',
        (ask) =>
          function (this: Router, caller, command) {
            if (command.frame === 'enlist' && isLost())
              return Promise.resolve({ frame: 'sent', ref: 0, epoch: 1, seq: 1, time: 0 })
            return ask.call(this, caller, command)
          },
      )
    },
  },
  'pushes without the seq before': {
    rule: 14,
    family: 'bus',
    patch: () =>
      replace(
        FanOut.prototype,
        'push',
        (push) =>
          function (this: FanOut, conversation, entry) {
            push.call(this, conversation, entry, 0)
          },
      ),
  },
  'delivers to the participants it happens to know': {
    rule: 14,
    family: 'bus',
    patch: () =>
      replace(
        Audiences.prototype,
        'ofDelivery',
        () =>
          function (this: Audiences, { fields }, give) {
            this.of(fields.conversation, 0, give)
          },
      ),
  },
} as const satisfies Record<string, Mutation>

function withView(bytes: Uint8Array, view: number): Uint8Array {
  const record = decodeRecord(bytes)
  return encodeRecord({ ...record, view }, record.entries)
}
