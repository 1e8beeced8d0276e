/**
 * The folder of an embedded Postgres: `cluster` (its own data), `password` (made at random, readable by its account only)
 * and `postgres.log`. initdb works beside and is renamed into place, so an interrupted one leaves nothing half-made.
 */
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { access, chmod, chown, mkdir, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { commandFor, type Account } from './postgres-account.js'

export interface PostgresDirectory {
  readonly cluster: string
  readonly log: string
  readonly password: string
}

const run = promisify(execFile)

/** Initialises a Postgres in `dir` with the program `initdb`, unless there is one. */
export async function initialise(dir: string, initdb: string, account: Account | null): Promise<PostgresDirectory> {
  await mkdir(dir, { recursive: true })
  if (account !== null) await chown(dir, account.uid, account.gid)
  await chmod(dir, 0o700)
  const root = await realpath(dir)
  const cluster = path.join(root, 'cluster')
  const secret = path.join(root, 'password')
  if (!(await exists(path.join(cluster, 'PG_VERSION')))) await create(cluster, secret, initdb, account)
  const password = await readFile(secret, 'utf8')
  return { cluster, log: path.join(root, 'postgres.log'), password: password.trim() }
}

async function create(cluster: string, secret: string, initdb: string, account: Account | null): Promise<void> {
  const half = `${cluster}.new`
  await rm(half, { recursive: true, force: true })
  await writeFile(secret, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600 })
  if (account !== null) await chown(secret, account.uid, account.gid)
  const command = await commandFor(account, initdb, half)
  const options = ['--username=postgres', `--pwfile=${secret}`, '--auth=scram-sha-256', '--encoding=UTF8']
  const locale = ['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8']
  const environment = { PATH: process.env['PATH'], LC_ALL: 'C' }
  await run(command.file, [...command.args, `--pgdata=${half}`, ...options, ...locale], {
    ...command.identity,
    cwd: '/',
    env: environment,
  })
  await rename(half, cluster)
}

const exists = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  )
