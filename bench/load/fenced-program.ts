/**
 * Fenced: the load program that appends to JetStream what a system without group commit would: one message, one publish, one fence.
 * It is what Rookery's journal is compared with, on the same nats-server.
 */
import { connect, type JetStreamClient } from 'nats'
import { Latency, type LatencyData } from '../latency.js'
import { monotonic } from '../monotonic.js'
import { carryOut } from './load-program.js'

export interface FencedPlan {
  readonly url: string
  /** Each appends one at a time, to a subject of its own. */
  readonly writers: number
  readonly seconds: number
  readonly bytes: number
}

export interface FencedResult {
  readonly perSecond: number
  readonly append: LatencyData
}

const STREAM = 'bench-fenced'

const TASKS = {
  /** On a stream of its own (file, one replica), which is deleted again. */
  async append({ url, writers, seconds, bytes }: FencedPlan): Promise<FencedResult> {
    const connection = await connect({ servers: url })
    const manager = await connection.jetstreamManager()
    await manager.streams.add({ name: STREAM, subjects: [`${STREAM}.*`] })
    const [latency, end] = [new Latency(), monotonic() + seconds * 1000]
    const write = (writer: number) => appendUntil(end, connection.jetstream(), `${STREAM}.${writer}`, bytes, latency)
    const counts = await Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)))
    await manager.streams.delete(STREAM)
    await connection.close()
    return { perSecond: counts.reduce((sum, count) => sum + count, 0) / seconds, append: latency.data() }
  },
}

export type FencedTasks = typeof TASKS

async function appendUntil(
  end: number,
  stream: JetStreamClient,
  subject: string,
  bytes: number,
  latency: Latency,
): Promise<number> {
  const content = Buffer.alloc(bytes, 'rookery ')
  let [count, last, start] = [0, 0, monotonic()]
  for (; start < end; count++) {
    const ack = await stream.publish(subject, content, { expect: { lastSubjectSequence: last } })
    last = ack.seq
    const now = monotonic()
    latency.record(now - start)
    start = now
  }
  return count
}

carryOut(TASKS)
