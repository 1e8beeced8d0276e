/** `rookery check-config`: whether a node would accept its settings, keys and addresses included; nothing is started. */
import { Command } from 'commander'
import { apiKeys } from '../api-keys.js'
import { jwtAuthenticator, type AuthOptions } from '../auth.js'
import { ConfigError } from '../config-error.js'
import type { Config } from '../config.js'
import { originCheck } from '../origin.js'
import { proxyPeers } from '../proxy-peer.js'
import { settingsOf, withSettings } from './setting-flags.js'

export function checkConfigCommand(): Command {
  const command = new Command('check-config').description('check the settings without starting anything')
  return withSettings(command, false).action(async () => {
    const { config } = settingsOf(command)
    await checkParts(config)
    process.stdout.write(`ok: ${config.mode}, node ${config.node}, public port ${config.port}\n`)
  })
}

/** Tries what only the part that uses a setting can judge. Throws ConfigError with everything that is wrong. */
async function checkParts(config: Config): Promise<void> {
  const checks: Record<string, () => unknown> = {
    apiKeys: () => apiKeys(config.apiKeys),
    origins: () => originCheck(config.origins),
    trustedProxies: () => proxyPeers(config.trustedProxies),
    jwtPublicKeys: () => jwtAuthenticator(authOptions(config)),
  }
  const problems = await Promise.all(Object.entries(checks).map(([setting, check]) => problemOf(setting, check)))
  const found = problems.filter((problem) => problem !== null)
  if (found.length > 0) throw new ConfigError(found)
}

const authOptions = (config: Config): AuthOptions => ({
  secrets: config.jwtSecret,
  publicKeys: config.jwtPublicKeys,
  clockTolerance: config.jwtClockSeconds,
  expiryRequired: config.jwtExpiryRequired,
})

async function problemOf(setting: string, check: () => unknown): Promise<string | null> {
  try {
    await check()
    return null
  } catch (error) {
    return `${setting}: ${error instanceof Error ? error.message : String(error)}`
  }
}
