/**
 * Enlisting: tells users' own conversations what changed for them, after the shard has stored the change, until they have stored it too
 * (rule 13 of the design). What one conversation has to say to one user is said in order, each after the one before is stored: a "you
 * are out" that was delayed must not undo a later "you are in".
 */
import type { Clock } from './clock.js'
import type { Enlist, OwnerReply } from './command.js'
import type { UnarchivedRecord } from './unarchived.js'

export interface EnlistingParts {
  readonly clock: Clock
  enlist(enlist: Enlist): Promise<OwnerReply>
}

interface Told {
  readonly record: UnarchivedRecord
  readonly enlist: Enlist
}

const RETRY_MS = 500

export class Enlisting {
  readonly #parts: EnlistingParts
  /** By conversation and user; the first of each is on its way. */
  readonly #lanes = new Map<string, Told[]>()
  #stopped = false

  constructor(parts: EnlistingParts) {
    this.#parts = parts
  }

  /** Until every user's own conversation has answered, the record is not archived, so that a next owner would say it again. */
  tell(record: UnarchivedRecord, enlists: readonly Enlist[]): void {
    for (const enlist of enlists) {
      record.unconfirmed++
      const key = `${enlist.about} ${enlist.conversation}`
      const lane = this.#lanes.get(key)
      if (lane !== undefined) lane.push({ record, enlist })
      else {
        this.#lanes.set(key, [{ record, enlist }])
        this.#tellFirst(key)
      }
    }
  }

  stop(): void {
    this.#stopped = true
    this.#lanes.clear()
  }

  #tellFirst(key: string): void {
    const first = this.#lanes.get(key)?.[0]
    if (first === undefined || this.#stopped) return
    void this.#parts.enlist(first.enlist).then((reply) => {
      if (reply.frame === 'sent') this.#told(key, first)
      else this.#parts.clock.after(RETRY_MS, () => this.#tellFirst(key))
    })
  }

  #told(key: string, { record }: Told): void {
    record.unconfirmed--
    const lane = this.#lanes.get(key)
    lane?.shift()
    if (lane !== undefined && lane.length > 0) this.#tellFirst(key)
    else this.#lanes.delete(key)
  }
}
