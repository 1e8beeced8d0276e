/**
 * Launcher: one embedded server as a process of its own, `main.js nats|postgres --dir D [--port P]`, or three of NATS, `main.js nats-cluster
 * --dir D [--sync-always]`, for whoever may not import them (benchmarks, drills). Prints one JSON line {url, pid, port} when the server answers; stops it on SIGTERM, on
 * SIGINT or when its standard input ends, so it never outlives the one who started it.
 */
import { parseArgs } from 'node:util'
import { startNatsCluster } from './nats-cluster.js'
import { startNatsServer } from './nats-server.js'
import { startPostgres } from './postgres.js'

interface Embedded {
  readonly url: string
  readonly pid: number
  readonly port: number
  stop(): Promise<void>
}

interface Place {
  readonly dir: string
  readonly port?: number
  /** Of a NATS cluster. */
  readonly syncAlways: boolean
}

async function start(name: string | undefined, place: Place): Promise<Embedded> {
  if (name === 'postgres') return startPostgres(place)
  if (name === 'nats-cluster') return { ...(await startNatsCluster(place)), pid: process.pid, port: 0 }
  if (name !== 'nats')
    throw new Error('usage: main.js nats|nats-cluster|postgres --dir DIR [--port PORT] [--sync-always]')
  const server = await startNatsServer(place)
  void server.exited.then((code) => process.exit(code ?? 1))
  return server
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      ...{ dir: { type: 'string', default: '.' }, port: { type: 'string' } },
      'sync-always': { type: 'boolean', default: false },
    },
  })
  const port = values.port === undefined ? {} : { port: Number(values.port) }
  const place = { dir: values.dir, syncAlways: values['sync-always'], ...port }
  const server = await start(positionals[0], place)
  const stop = () => void server.stop().then(() => process.exit(0))
  process.once('SIGTERM', stop).once('SIGINT', stop)
  process.stdin.once('end', stop).resume()
  process.stdout.write(`${JSON.stringify({ url: server.url, pid: server.pid, port: server.port })}\n`)
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
})
