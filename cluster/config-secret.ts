/**
 * Config secret: embedded mode without configured secrets makes its own at the first start and keeps them in the data folder,
 * readable by the owner alone, so that tokens survive a restart. A configured secret always wins.
 */
import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { ConfigError } from './config-error.js'
import type { Config } from './config.js'

const keptSecrets = z.strictObject({ jwtSecret: z.string().min(32), apiKey: z.string().min(32) })
type KeptSecrets = z.infer<typeof keptSecrets>

/** The settings with the kept secrets in place of missing ones; clustered settings as they are. Throws ConfigError. */
export function withKeptSecrets(config: Config): Config {
  const complete = config.jwtSecret.length > 0 && config.apiKeys.length > 0
  if (config.mode === 'clustered' || complete) return config
  const kept = keptIn(config.dataDir)
  return {
    ...config,
    jwtSecret: config.jwtSecret.length > 0 ? config.jwtSecret : [kept.jwtSecret],
    apiKeys: config.apiKeys.length > 0 ? config.apiKeys : [kept.apiKey],
  }
}

function keptIn(dataDir: string): KeptSecrets {
  const path = join(dataDir, 'secrets.json')
  mkdirSync(dataDir, { recursive: true })
  const made = { jwtSecret: randomBytes(32).toString('hex'), apiKey: randomBytes(24).toString('hex') }
  try {
    writeFileSync(path, `${JSON.stringify(made, null, 2)}\n`, { mode: 0o600, flag: 'wx' })
    return made
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return readKept(path)
    throw new ConfigError([`${path} cannot be written: give dataDir a folder that is writable`])
  }
}

function readKept(path: string): KeptSecrets {
  try {
    return keptSecrets.parse(JSON.parse(readFileSync(path, 'utf8')))
  } catch {
    throw new ConfigError([`${path} is damaged: delete it, and a new secret is made (older tokens end)`])
  }
}
