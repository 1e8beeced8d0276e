/**
 * Partitions of the table `messages`, one per month (UTC). Whoever archives asks first that the months of a batch are covered;
 * the two months after are made along with them, so that on the first of a month nobody waits. Dropping old months is the
 * whole of retention: no row is ever deleted one by one.
 */
import type pg from 'pg'

export interface Month {
  readonly name: string
  /** Milliseconds since 1970: from `low` on, below `high`. */
  readonly low: number
  readonly high: number
}

const AHEAD = 2
/** A time outside 2000 to 9999 is nobody's clock: no partition is made, the row is refused. */
const EARLIEST = Date.UTC(2000, 0)
const LATEST = Date.UTC(10_000, 0)
const PARTITIONS = `
  SELECT c.relname AS name,
    CASE WHEN i.inhrelid IS NULL THEN 'detached' WHEN i.inhdetachpending THEN 'detaching' ELSE 'attached' END AS state
  FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
  WHERE c.relkind = 'r' AND c.relname ~ '^messages_\\d{4}_\\d{2}$' AND pg_table_is_visible(c.oid)
  ORDER BY c.relname`
const NAME = /^messages_(\d{4})_(\d{2})$/

/** The month of a time, and those after it. */
export function months(time: number, count: number): Month[] {
  const date = new Date(time)
  return Array.from({ length: count }, (_, i) => month(date.getUTCFullYear(), date.getUTCMonth() + i))
}

function month(year: number, index: number): Month {
  const first = new Date(Date.UTC(year, index))
  const number = String(first.getUTCMonth() + 1).padStart(2, '0')
  return {
    name: `messages_${String(first.getUTCFullYear())}_${number}`,
    low: first.getTime(),
    high: Date.UTC(year, index + 1),
  }
}

export class Partitions {
  readonly #pool: pg.Pool
  /** Names of months known to be there. */
  #known = new Set<string>()
  /** The month of the last question, to answer the next one without making a date. */
  #last: Month | null = null

  constructor(pool: pg.Pool) {
    this.#pool = pool
  }

  /** Makes what is missing for these times. Without a missing month it asks nobody. */
  async cover(times: Iterable<number>): Promise<void> {
    const missing = new Map<string, Month>()
    for (const time of times) {
      if (this.#covered(time)) continue
      for (const one of months(time, 1 + AHEAD)) if (!this.#known.has(one.name)) missing.set(one.name, one)
    }
    for (const { name, low, high } of missing.values()) {
      await this.#pool.query('SELECT messages_partition($1, $2, $3)', [name, low, high])
      this.#known.add(name)
    }
  }

  /** Somebody dropped a month: look again. */
  forget(): void {
    this.#known = new Set()
    this.#last = null
  }

  /**
   * Drops the months that ended before `time`; answers their names. Readers of other months are not held up. What an earlier
   * run began and did not end is taken up.
   */
  async dropBefore(time: number): Promise<string[]> {
    const { rows } = await this.#pool.query<{ name: string; state: 'attached' | 'detaching' | 'detached' }>(PARTITIONS)
    const old = rows.filter(({ name }) => endOf(name) <= time)
    for (const { name, state } of old) {
      const how = state === 'detaching' ? 'FINALIZE' : 'CONCURRENTLY'
      if (state !== 'detached') await this.#pool.query(`ALTER TABLE messages DETACH PARTITION ${name} ${how}`)
      await this.#pool.query(`DROP TABLE ${name}`)
    }
    this.forget()
    return old.map(({ name }) => name)
  }

  #covered(time: number): boolean {
    if (!(time >= EARLIEST && time < LATEST)) return true
    if (this.#last !== null && time >= this.#last.low && time < this.#last.high) return true
    const all = months(time, 1 + AHEAD)
    if (!all.every(({ name }) => this.#known.has(name))) return false
    this.#last = all[0] ?? null
    return true
  }
}

/** The end of a month's partition; never for a table of another name. */
function endOf(name: string): number {
  const found = NAME.exec(name)
  return found === null ? Infinity : Date.UTC(Number(found[1]), Number(found[2]))
}
