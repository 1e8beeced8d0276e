/**
 * Who Postgres runs as. It refuses to run as root, so root starts it as the account `postgres`, which is made when missing.
 * Below a folder which that account may not enter (`/root`), setpriv of util-linux starts it with the one capability that
 * lets it pass; without setpriv the error says what to move.
 */
import { execFile } from 'node:child_process'
import { stat } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'

export interface Account {
  readonly uid: number
  readonly gid: number
}

export interface Command {
  readonly file: string
  readonly args: readonly string[]
  readonly identity: { readonly uid?: number; readonly gid?: number }
}

const NAME = 'postgres'
const run = promisify(execFile)

/** The account to start Postgres as; null for our own. */
export async function postgresAccount(): Promise<Account | null> {
  if (process.getuid?.() !== 0) return null
  return lookUp().catch(async () => {
    await run('useradd', ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', NAME]).catch(
      (cause: unknown) => {
        throw new Error(
          `Postgres does not run as root and the account "${NAME}" cannot be made. Start Rookery as another user.`,
          { cause },
        )
      },
    )
    return lookUp()
  })
}

async function lookUp(): Promise<Account> {
  const [uid, gid] = await Promise.all([run('id', ['-u', NAME]), run('id', ['-g', NAME])])
  return { uid: Number(uid.stdout), gid: Number(gid.stdout) }
}

/** How to start `binary`, which works in `directory`, as `account`. */
export async function commandFor(account: Account | null, binary: string, directory: string): Promise<Command> {
  if (account === null) return { file: binary, args: [], identity: {} }
  const closed = (await closedTo(account, path.dirname(binary))) ?? (await closedTo(account, path.dirname(directory)))
  if (closed === null) return { file: binary, args: [], identity: account }
  return { file: 'setpriv', args: [...(await privileges(account, closed)), binary], identity: {} }
}

/** The outermost folder on the way to `folder` that the account may not enter. */
async function closedTo(account: Account, folder: string): Promise<string | null> {
  const above = path.dirname(folder) === folder ? null : await closedTo(account, path.dirname(folder))
  if (above !== null) return above
  const { uid, gid, mode } = await stat(folder)
  const bit = uid === account.uid ? 0o100 : gid === account.gid ? 0o010 : 0o001
  return (mode & bit) === 0 ? folder : null
}

/** Read-and-search is enough; containers often have only the override. */
async function privileges(account: Account, closed: string): Promise<string[]> {
  for (const capability of ['dac_read_search', 'dac_override']) {
    const options = [
      `--reuid=${String(account.uid)}`,
      `--regid=${String(account.gid)}`,
      '--clear-groups',
      '--securebits=+no_setuid_fixup', // else access(2) forgets the capability
      `--inh-caps=-all,+${capability}`,
      `--ambient-caps=-all,+${capability}`,
    ]
    const works = await run('setpriv', [...options, 'test', '-x', path.join(closed, '.')]).then(
      () => true,
      () => false,
    )
    if (works) return options
  }
  throw new Error(`The account "${NAME}" may not enter ${closed}: move Rookery elsewhere, or start it as another user.`)
}
