/**
 * NATS world: one nats-server for the tests of a file, clients on it, and a fresh cluster name for every test, so that each
 * starts with empty streams.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silent } from '../../actors/logger.js'
import { startNatsServer, type NatsServer } from '../embedded/nats-server.js'
import { connectNats, type NatsLine } from '../nats-connection.js'

const WAIT_MS = 10_000

export class NatsWorld {
  server: NatsServer
  private readonly dir: string
  private lines: NatsLine[] = []
  private clusters = 0

  private constructor(dir: string, server: NatsServer) {
    this.dir = dir
    this.server = server
  }

  static async start(): Promise<NatsWorld> {
    const dir = mkdtempSync(join(tmpdir(), 'rookery-nats-'))
    return new NatsWorld(dir, await startNatsServer({ dir }))
  }

  freshCluster(): string {
    return `test-${++this.clusters}`
  }

  async line(name = 'test'): Promise<NatsLine> {
    const line = await connectNats({ url: this.server.url, name, log: silent })
    this.lines.push(line)
    return line
  }

  async closeLines(): Promise<void> {
    await Promise.all(this.lines.splice(0).map((line) => line.close()))
  }

  async kill(): Promise<void> {
    const down = Promise.all(this.lines.map((line) => lineIs(line, false)))
    await this.server.kill()
    await down
  }

  async restart(): Promise<void> {
    this.server = await startNatsServer({ dir: this.dir })
    await Promise.all(this.lines.map((line) => lineIs(line, true)))
  }

  async stop(): Promise<void> {
    await this.closeLines()
    await this.server.stop()
    rmSync(this.dir, { recursive: true, force: true })
  }
}

/** Resolves when the line is up or down as wanted. */
export function lineIs(line: NatsLine, wanted: boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    if (line.isUp === wanted) return resolve()
    const timer = setTimeout(() => reject(new Error(`the line did not go ${wanted ? 'up' : 'down'}`)), WAIT_MS)
    const end = line.onLine((up) => {
      if (up !== wanted) return
      clearTimeout(timer)
      end()
      resolve()
    })
  })
}
