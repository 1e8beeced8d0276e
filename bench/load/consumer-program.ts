/**
 * The program that serves missed messages as a gateway on plain JetStream would: one stream, a subject for each conversation, and for each user
 * who comes back an ephemeral consumer over the subjects of that user, made, fetched and deleted.
 */
import { AckPolicy, connect, DeliverPolicy, StorageType, type JetStreamClient, type NatsConnection } from 'nats'
import { Gate } from '../gate.js'
import { monotonic } from '../monotonic.js'
import type { Served } from './catch-up-program.js'
import { carryOut } from './load-program.js'

export interface StoredPlan {
  readonly url: string
  readonly users: number
  /** Users of a subject; a multiple of it are all users. */
  readonly groupSize: number
  readonly groups: number
  readonly messages: number
  readonly bytes: number
}

export interface FetchPlan {
  readonly atOnce: number
}

const STREAM = 'MISSED'
const PUBLISHES_AT_ONCE = 256
const EXPIRES_MS = 30_000

let line: NatsConnection | undefined
let stored: StoredPlan | undefined

const tasks = {
  async store(plan: StoredPlan): Promise<void> {
    stored = plan
    line = await connect({ servers: plan.url })
    const manager = await line.jetstreamManager()
    await manager.streams.add({ name: STREAM, subjects: ['missed.>'], storage: StorageType.File })
    const stream = line.jetstream()
    const content = Buffer.alloc(plan.bytes, 'rookery ')
    const gate = new Gate(PUBLISHES_AT_ONCE)
    const subjects = Array.from({ length: (plan.users / plan.groupSize) * plan.groups }, (_, at) => subjectOf(at))
    await Promise.all(
      subjects.flatMap((subject) =>
        Array.from({ length: plan.messages }, () => gate.pass(() => stream.publish(subject, content))),
      ),
    )
  },
  async fetch({ atOnce }: FetchPlan): Promise<Served> {
    if (stored === undefined || line === undefined) throw new Error('fetch before store')
    const plan = stored
    const stream = line.jetstream()
    const gate = new Gate(atOnce)
    const start = monotonic()
    const serving = Array.from({ length: plan.users }, (_, user) => gate.pass(() => serve(stream, plan, user)))
    const counts = await Promise.all(serving)
    const seconds = (monotonic() - start) / 1000
    return { users: plan.users, seconds, messages: counts.reduce((sum, count) => sum + count, 0), unrecovered: 0 }
  },
  async remove(): Promise<void> {
    const manager = await line?.jetstreamManager()
    await manager?.streams.delete(STREAM)
    await line?.close()
  },
}
export type ConsumerTasks = typeof tasks

carryOut(tasks)

function subjectOf(group: number): string {
  return `missed.${String(group)}`
}

async function serve(stream: JetStreamClient, plan: StoredPlan, user: number): Promise<number> {
  const blocks = plan.users / plan.groupSize
  const block = Math.floor(user / plan.groupSize)
  const subjects = Array.from({ length: plan.groups }, (_, at) => subjectOf(block + at * blocks))
  const expected = plan.groups * plan.messages
  const manager = await stream.jetstreamManager()
  const { name } = await manager.consumers.add(STREAM, {
    filter_subjects: subjects,
    ack_policy: AckPolicy.None,
    deliver_policy: DeliverPolicy.All,
    mem_storage: true,
    inactive_threshold: EXPIRES_MS * 1e6,
  })
  const consumer = await stream.consumers.get(STREAM, name)
  const messages = await consumer.fetch({ max_messages: expected, expires: EXPIRES_MS })
  let count = 0
  for await (const _message of messages) if (++count === expected) break
  await manager.consumers.delete(STREAM, name)
  return count
}
