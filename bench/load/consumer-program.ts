/**
 * The program that serves missed messages as a gateway on plain JetStream would: one stream, a subject for each conversation; whoever connects
 * with a token gets an ephemeral consumer over the subjects of that user, made, fetched, passed on to the WebSocket and deleted.
 */
import { AckPolicy, connect, DeliverPolicy, StorageType, type JetStreamClient, type NatsConnection } from 'nats'
import { App, us_socket_local_port, type WebSocket } from 'uWebSockets.js'
import { Gate } from '../gate.js'
import { userOfToken } from '../token.js'
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

export interface GatewayPlan {
  readonly secret: string
  /** Before the number of a user. */
  readonly prefix: string
}

interface User {
  readonly token: string
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
  /** The port it listens on. */
  async listen(plan: GatewayPlan): Promise<number> {
    const app = App().ws<User>('/*', {
      upgrade(response, request, context) {
        const header = (name: string) => request.getHeader(`sec-websocket-${name}`)
        const token = request.getQuery('token') ?? ''
        response.upgrade({ token }, header('key'), header('protocol'), header('extensions'), context)
      },
      open: (socket) => void welcome(socket, plan).catch(() => process.exit(1)),
    })
    return new Promise((resolve, reject) => {
      app.listen('127.0.0.1', 0, (listening) => {
        if (listening === false) reject(new Error('no port to listen on'))
        else resolve(us_socket_local_port(listening))
      })
    })
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

async function welcome(socket: WebSocket<User>, { secret, prefix }: GatewayPlan): Promise<void> {
  const user = userOfToken(socket.getUserData().token, secret)
  if (user === undefined || stored === undefined || line === undefined) return void socket.end(1008)
  await serve(socket, line.jetstream(), stored, Number(user.slice(prefix.length)))
}

/** Every message is one of the WebSocket. */
async function serve(socket: WebSocket<User>, stream: JetStreamClient, plan: StoredPlan, user: number): Promise<void> {
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
  for await (const message of messages) {
    socket.send(message.data, true)
    if (++count === expected) break
  }
  await manager.consumers.delete(STREAM, name)
}
