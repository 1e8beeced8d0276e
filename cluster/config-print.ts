/**
 * Config print: the settings in effect, for people and for programs, with every secret masked: what is printed may be pasted
 * into a ticket.
 */
import { configKeys, flagOf, keyMeta, variableOf, type ConfigKey } from './config-keys.js'
import type { Config, LoadedConfig } from './config.js'

const MASK = '********'

export function maskedConfig(config: Config): Record<ConfigKey, unknown> {
  return Object.fromEntries(configKeys.map((key) => [key, masked(key, config[key])])) as Record<ConfigKey, unknown>
}

/** One block per setting: meaning, then `key = value  (where it came from)`. */
export function configText({ config, origins }: LoadedConfig): string {
  const values = maskedConfig(config)
  return configKeys.map((key) => settingText(key, values[key], origins.get(key) ?? 'default')).join('\n')
}

function settingText(key: ConfigKey, value: unknown, origin: string): string {
  const { description, unit, secret, fallback } = keyMeta(key)
  const notes = [unit, fallback && `default: ${fallback}`].filter(Boolean).join('; ')
  const names = secret ? `${variableOf(key)}[_FILE] ${flagOf(key)}-file` : `${variableOf(key)} ${flagOf(key)}`
  return `# ${description}${notes && ` [${notes}]`}\n# ${names}\n${key} = ${JSON.stringify(value)}  (${origin})\n`
}

function masked(key: ConfigKey, value: unknown): unknown {
  if (!keyMeta(key).secret) return value
  if (Array.isArray(value)) return value.map(() => MASK)
  return typeof value === 'string' ? withoutPassword(value) : value
}

/** Nothing of a URL but its scheme, hosts and path: who logs in and the parameters are nobody's business. */
function withoutPassword(urls: string): string {
  return urls
    .split(',')
    .map((url) => url.replace(/:\/\/.*@/, `://${MASK}@`).replace(/\?.*/, `?${MASK}`))
    .join(',')
}
