/**
 * The program that writes the rows of the history a second time, as plainly as it can be done: batches of UNNEST into a table with the same
 * columns and indexes, over one connection, on the same Postgres.
 */
import pg from 'pg'
import { carryOut } from './load-program.js'

export interface RowsPlan {
  readonly url: string
  /** Rows at most. */
  readonly rows: number
}

export interface InsertPlan {
  /** Rows of a statement. */
  readonly batch: number
}

const COLUMNS = {
  conversation: 'text',
  seq: 'int8',
  epoch: 'int8',
  ordinal: 'int8',
  time: 'int8',
  sender: 'text',
  device: 'text',
  message_id: 'uuid',
  version: 'int2',
  kind: 'int2',
  type: 'int2',
  priority: 'int2',
  ttl: 'int4',
  content: 'bytea',
  extra: 'bytea',
} as const

type Row = Readonly<Record<keyof typeof COLUMNS, unknown>>

const NAMES = Object.keys(COLUMNS) as (keyof typeof COLUMNS)[]
const UNNEST = NAMES.map((name, at) => `$${String(at + 1)}::${COLUMNS[name]}[]`).join(', ')
const INSERT = `INSERT INTO plain (${NAMES.join(', ')}) SELECT * FROM unnest(${UNNEST})`

let client: pg.Client | undefined
let rows: readonly Row[] = []

const tasks = {
  /** Reads the newest rows, in the order they were written, and makes an empty table for them; answers how many there are. */
  async read({ url, rows: limit }: RowsPlan): Promise<number> {
    client = new pg.Client({ connectionString: url })
    await client.connect()
    const newest = `SELECT ${NAMES.join(', ')} FROM messages WHERE message_id IS NOT NULL ORDER BY time DESC LIMIT $1`
    rows = (await client.query<Row>(newest, [limit])).rows.reverse()
    await client.query('CREATE TABLE plain (LIKE messages INCLUDING DEFAULTS, PRIMARY KEY (conversation, seq, time))')
    await client.query('CREATE INDEX ON plain (message_id) WHERE message_id IS NOT NULL')
    return rows.length
  },
  async insert({ batch }: InsertPlan): Promise<void> {
    for (let at = 0; at < rows.length; at += batch) {
      const part = rows.slice(at, at + batch)
      await client?.query({ name: 'plain', text: INSERT, values: NAMES.map((name) => part.map((row) => row[name])) })
    }
  },
  async remove(): Promise<void> {
    await client?.query('DROP TABLE plain')
    await client?.end()
  },
}
export type InsertTasks = typeof tasks

carryOut(tasks)
