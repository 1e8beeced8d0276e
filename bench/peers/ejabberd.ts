/**
 * Peer `ejabberd`: the system nearest to Rookery in what it promises: every message is acked after it is in a Postgres archive (mod_mam),
 * delivered, and, when direct, the delivery acked (stream management; in rooms left out, where it costs more than all the rest). Only
 * the modules for that are loaded, each user logs in with any password (SASL PLAIN, no hash to compute, so that logging in costs it
 * least), shapers are off, rooms do not tell all members of each who joins, and the Erlang schedulers do not spin while they wait,
 * which would count as CPU. One node without a name, so without epmd.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import { freePorts } from '../cluster/free-ports.js'
import type { System } from '../system.js'
import { ejabberdConfiguration } from './ejabberd-configuration.js'
import { installedProgram } from './installed.js'
import { runServers } from './servers.js'

/** Debian's, which names the folder of the libraries. */
const LAUNCHER = '/usr/sbin/ejabberdctl'
const SCHEMA = '/usr/share/ejabberd/sql/pg.sql'
const POSTGRES_DRIVER = '/usr/lib/erlang/lib'

const RUNTIME = [
  ['+K', 'true'],
  ['+P', '250000'],
  ['+Q', '65536'],
  ['+sbwt', 'none', '+sbwtdcpu', 'none', '+sbwtdio', 'none'],
  ['-noinput'],
].flat()

export const ejabberd: System = {
  name: 'ejabberd',
  method: [
    'ejabberd over its WebSocket listener, one node: SASL PLAIN with anonymous users, stream management for direct messages, every message archived by mod_mam in Postgres (its shipped schema and its default pool of 10 connections); groups are rooms (MUC) with an archive.',
    'Only needed modules, no shapers, no TLS, no presence broadcast in rooms, Erlang schedulers that do not busy-wait; content as base64 text, since XML carries no bytes; a connection that it loses while thousands are opened is opened again.',
  ],
  abilities: ['idle', 'echo', 'direct', 'group'],
  install: 'apt-get install ejabberd erlang-p1-pgsql',
  version: () => installedVersion(),
  start: () =>
    runServers(async (servers) => {
      const database = new URL(await servers.startStorage('postgres'))
      await createTables(database)
      const [port = 0] = await freePorts(1)
      const config = join(servers.dir, 'ejabberd.yml')
      await writeFile(config, ejabberdConfiguration(port, database))
      const mnesia = ['-mnesia', 'dir', JSON.stringify(join(servers.dir, 'mnesia'))]
      const env = {
        ERL_LIBS: libraries() ?? '',
        EJABBERD_CONFIG_PATH: config,
        EJABBERD_LOG_PATH: join(servers.dir, 'ejabberd.log'),
        ERL_CRASH_DUMP_SECONDS: '0',
      }
      const file = installedProgram('erl') ?? 'erl'
      await servers.start({ name: 'ejabberd', file, args: [...RUNTIME, ...mnesia, '-s', 'ejabberd'], env, port })
      return { protocol: 'xmpp', urls: [`ws://127.0.0.1:${port}/ws`] }
    }),
}

async function createTables(database: URL): Promise<void> {
  const client = new pg.Client({ connectionString: database.href })
  await client.connect()
  try {
    await client.query(readFileSync(SCHEMA, 'utf8'))
  } finally {
    await client.end()
  }
}

function libraries(): string | undefined {
  if (!existsSync(LAUNCHER)) return undefined
  return /^ERL_LIBS='([^']+)'/m.exec(readFileSync(LAUNCHER, 'utf8'))?.[1]
}

/** Null also without its driver of Postgres, a package of its own. */
function installedVersion(): string | null {
  const folder = libraries()
  if (folder === undefined || !folders(POSTGRES_DRIVER).some((name) => name.startsWith('p1_pgsql-'))) return null
  const name = folders(folder).find(
    (entry) => /^ejabberd-[\d.-]+$/.test(entry) && existsSync(join(folder, entry, 'ebin')),
  )
  return name?.slice('ejabberd-'.length) ?? null
}

function folders(path: string): string[] {
  return existsSync(path) ? readdirSync(path) : []
}
