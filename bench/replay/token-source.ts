/**
 * Token source: where the devices of a replay get their tokens: signed here with the server's secret, or printed by a
 * command for servers whose secret we do not hold.
 */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { makeToken } from '../token.js'

export type TokenSource = (user: string) => Promise<string>

const run = promisify(execFile)

/** The command runs in a shell, with the user id in ROOKERY_USER, and prints the token. */
export function tokenSource(secret: string | undefined, command: string | undefined): TokenSource {
  if (secret !== undefined) return (user) => Promise.resolve(makeToken(user, secret))
  if (command === undefined) throw new Error('no way to make tokens: give --secret or --token-command')
  return async (user) => {
    const env = { ...process.env, ROOKERY_USER: user }
    const { stdout } = await run('/bin/sh', ['-c', command], { env })
    return stdout.trim()
  }
}
