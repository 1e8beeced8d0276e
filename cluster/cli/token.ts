/** `rookery token USER`: a token for trying things out and for scripts, signed with the first configured secret. */
import { Command } from 'commander'
import { withKeptSecrets } from '../config-secret.js'
import type { Config } from '../config.js'
import { issueToken } from '../token.js'
import { settingsOf, withSettings } from './setting-flags.js'
import { UsageError } from './usage-error.js'

const UNIT_SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 } as const

export function tokenCommand(): Command {
  const command = new Command('token')
    .description('print a token with which a user can connect')
    .argument('<user>', 'user id: 1 to 64 of A-Z a-z 0-9 _ . ~ -')
    .option('--expires <time>', 'how long it is good for, such as 90s, 15m, 1h, 7d', '1h')
  return withSettings(command, false).action(async (user: string, options: { expires: string }) => {
    const config = withKeptSecrets(settingsOf(command).config)
    process.stdout.write(`${await tokenFor(config, user, durationSeconds(options.expires))}\n`)
  })
}

export async function tokenFor(config: Config, user: string, seconds: number): Promise<string> {
  const [secret] = config.jwtSecret
  if (secret === undefined) {
    throw new UsageError('no secret to sign with: give jwtSecret, or have whoever holds the private key make tokens')
  }
  const { jwtIssuer, jwtAudience } = config
  try {
    return await issueToken({
      secret,
      user,
      seconds,
      issuer: jwtIssuer ?? undefined,
      audience: jwtAudience ?? undefined,
    })
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

export function durationSeconds(text: string): number {
  const [, amount, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? []
  const seconds = Number(amount) * UNIT_SECONDS[unit as keyof typeof UNIT_SECONDS]
  if (seconds > 0) return seconds
  throw new UsageError(`--expires ${text}: write a number and s, m, h or d, such as 90s or 7d`)
}
