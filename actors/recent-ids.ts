/**
 * Recent ids: the client message ids that a shard saw lately, so that a fresh message needs no look-up in history (rule 12).
 * The owner of the shard asks before it appends, adds what it is about to append and takes it back when that fails.
 * Entries live in generations of a minute by the time in the id itself, so a question goes to one generation; what
 * came with a time far from now lives in generations by arrival. Old generations are dropped whole.
 */
import { messageIdTime, type ConversationId, type MessageId, type UserId } from '../protocol/ids.js'
import { Fingerprint } from './fingerprint.js'
import { FingerprintTable } from './fingerprint-table.js'

/** How long ids are remembered. An id made earlier than this, or that far in the future, may be known to history alone. */
export const ID_HORIZON_MS = 600_000
const GENERATION_MS = 60_000

/** What stands for (conversation, sender, client message id); computed once per message. */
export interface IdKey {
  readonly high: number
  readonly low: number
  /** Milliseconds since 1970 at which the id was made. */
  readonly made: number
}

type Generations = Map<number, FingerprintTable>

export class RecentIds {
  private readonly seed: number
  private readonly fingerprint = new Fingerprint()
  private readonly byMade: Generations = new Map()
  private readonly strays: Generations = new Map()

  /** `seed` is any integer that clients do not know. */
  constructor(seed: number) {
    this.seed = seed
  }

  get size(): number {
    return sum([...this.byMade.values(), ...this.strays.values()].map((table) => table.size))
  }

  get bytes(): number {
    return sum([...this.byMade.values(), ...this.strays.values()].map((table) => table.bytes))
  }

  key(conversation: ConversationId, sender: UserId, id: MessageId): IdKey {
    const { fingerprint } = this
    fingerprint.begin(this.seed)
    fingerprint.absorb(conversation)
    fingerprint.absorb(sender)
    fingerprint.absorb(id)
    fingerprint.finish()
    return { high: fingerprint.high, low: fingerprint.low, made: messageIdTime(id) }
  }

  /**
   * The seq of an id; 0 when it is not known. Another id may have the same key: when the entry at that seq turns out to be
   * another message, ask for the next candidate with `skip` one higher.
   */
  find(key: IdKey, skip = 0): number {
    const own = this.byMade.get(generationOf(key.made))
    const seq = own?.find(key.high, key.low, skip) ?? 0
    return seq !== 0 || this.strays.size === 0 ? seq : this.findStray(key, skip - (own?.count(key.high, key.low) ?? 0))
  }

  /** Remembers a seq from 1 to 2^32 - 1. */
  add(key: IdKey, seq: number, now: number): void {
    const stray = Math.abs(key.made - now) > ID_HORIZON_MS
    const generations = stray ? this.strays : this.byMade
    tableAt(generations, generationOf(stray ? now : key.made)).add(key.high, key.low, seq)
  }

  /** Takes back what was added; harmless when it is not there. */
  remove(key: IdKey, seq: number): void {
    if (this.byMade.get(generationOf(key.made))?.remove(key.high, key.low, seq) === true) return
    for (const table of this.strays.values()) if (table.remove(key.high, key.low, seq)) return
  }

  /**
   * Forgets ids that were made (strays: added) more than the horizon before `now`. Whoever has entries that history lacks
   * passes the time of the oldest of them instead, so that their ids stay.
   */
  expire(now: number): void {
    const oldest = generationOf(now - ID_HORIZON_MS)
    for (const generations of [this.byMade, this.strays]) {
      for (const generation of generations.keys()) if (generation < oldest) generations.delete(generation)
    }
  }

  /** An id of any time may be a stray, by the clock of its arrival; there are hardly ever any. */
  private findStray(key: IdKey, skip: number): number {
    for (const table of this.strays.values()) {
      const seq = table.find(key.high, key.low, skip)
      if (seq !== 0) return seq
      skip -= table.count(key.high, key.low)
    }
    return 0
  }
}

const generationOf = (time: number): number => Math.floor(time / GENERATION_MS)

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0)

function tableAt(generations: Generations, generation: number): FingerprintTable {
  let table = generations.get(generation)
  if (table === undefined) generations.set(generation, (table = new FingerprintTable()))
  return table
}
