/**
 * The program that stores messages as one would without group commit: so many writers, each with a subject of its own and one fenced publish for
 * each message, waiting for its answer.
 */
import { connect, NatsError, StorageType, type JetStreamClient, type NatsConnection } from 'nats'
import { carryOut } from './load-program.js'
import { Latency, type LatencyData } from '../latency.js'
import { monotonic } from '../monotonic.js'

export interface StreamPlan {
  readonly url: string
  readonly replicas: number
}

export interface WritePlan {
  readonly writers: number
  readonly seconds: number
  readonly bytes: number
}

export interface Written {
  readonly stored: number
  readonly seconds: number
  /** Of each append, tries again included. */
  readonly append: LatencyData
}

const STREAM = 'FENCED'
/** The server has not finished the previous append to the subject; the same is to be tried again. */
const UNDER_WAY = 10164

let line: NatsConnection | undefined

const tasks = {
  async prepare({ url, replicas }: StreamPlan): Promise<void> {
    line = await connect({ servers: url.split(',') })
    const manager = await line.jetstreamManager()
    const stream = { name: STREAM, subjects: ['fenced.>'], storage: StorageType.File }
    await manager.streams.add({ ...stream, num_replicas: replicas })
  },
  async write({ writers, seconds, bytes }: WritePlan): Promise<Written> {
    const stream = line?.jetstream()
    if (stream === undefined) throw new Error('write before prepare')
    const [start, latency] = [monotonic(), new Latency()]
    const run = String(process.hrtime.bigint())
    const counts = await Promise.all(
      Array.from({ length: writers }, (_, at) => {
        return write(stream, `fenced.${run}.${String(at)}`, Buffer.alloc(bytes), start + seconds * 1000, latency)
      }),
    )
    const stored = counts.reduce((sum, count) => sum + count, 0)
    return { stored, seconds: (monotonic() - start) / 1000, append: latency.data() }
  },
  async remove(): Promise<void> {
    const manager = await line?.jetstreamManager()
    await manager?.streams.delete(STREAM)
    await line?.close()
  },
}
export type FencedTasks = typeof tasks

carryOut(tasks)

async function write(
  stream: JetStreamClient,
  subject: string,
  content: Buffer,
  end: number,
  latency: Latency,
): Promise<number> {
  let stored = 0
  for (let last = 0, begun = monotonic(); monotonic() < end;) {
    const ack = await stream.publish(subject, content, { expect: { lastSubjectSequence: last } }).catch(unlessUnderWay)
    if (ack === undefined) continue
    last = ack.seq
    stored += 1
    latency.record(monotonic() - begun)
    begun = monotonic()
  }
  return stored
}

function unlessUnderWay(error: unknown): undefined {
  if (error instanceof NatsError && error.api_error?.err_code === UNDER_WAY) return
  throw error
}
