/**
 * Launcher: one embedded server as a process of its own, `main.js nats|postgres --dir D [--port P]`, for whoever may not
 * import it (benchmarks, drills). Prints one JSON line {url, pid, port} when the server answers; stops it on SIGTERM, on
 * SIGINT or when its standard input ends, so it never outlives the one who started it.
 */
import { parseArgs } from 'node:util'
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
}

async function start(name: string | undefined, place: Place): Promise<Embedded> {
  if (name === 'postgres') return startPostgres(place)
  if (name !== 'nats') throw new Error('usage: main.js nats|postgres --dir DIR [--port PORT]')
  const server = await startNatsServer(place)
  void server.exited.then((code) => process.exit(code ?? 1))
  return server
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { dir: { type: 'string', default: '.' }, port: { type: 'string' } },
  })
  const place = { dir: values.dir, ...(values.port === undefined ? {} : { port: Number(values.port) }) }
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
