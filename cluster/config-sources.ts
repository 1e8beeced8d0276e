/**
 * Config sources: reads the settings file, the environment and the flags into one shape each. A name nobody knows is a
 * problem that names the nearest right one; a value keeps the name it came by, so that a complaint can say where to look.
 */
import { readFileSync } from 'node:fs'
import leven from 'leven'
import { configKeys, flagOf, keyMeta, settingNames, variableOf, type ConfigKey } from './config-keys.js'

export interface Setting {
  readonly value: unknown
  /** Where it came from, as the operator wrote it: `ROOKERY_PORT`, `--port`, `port in rookery.json`. */
  readonly origin: string
}
export type Settings = Map<ConfigKey, Setting>

/** What a source says under one name, before it is known to be a setting. */
interface Given {
  readonly name: string
  readonly value: unknown
  readonly origin: string
}

const WELL_KNOWN = { NATS_URL: 'natsUrl', POSTGRES_URL: 'postgresUrl', REDIS_URL: 'redisUrl' } as const
/** Names the file itself; not a setting. */
const FILE_VARIABLE = 'ROOKERY_CONFIG'

export function readFileSource(path: string, problems: string[]): Settings {
  const values = parseFile(path, problems)
  const unknown = Object.keys(values).filter((name) => !settingNames.includes(name))
  for (const name of unknown) problems.push(`${name} in ${path} is no setting${nearest(name, settingNames)}`)
  const given = Object.entries(values).map(([name, value]) => ({ name, value, origin: `${name} in ${path}` }))
  return settingsOf(given, problems)
}

export function readEnvironment(env: Readonly<Record<string, string | undefined>>, problems: string[]): Settings {
  const nameOf = new Map<string, string>(Object.entries(WELL_KNOWN))
  for (const name of settingNames) nameOf.set(variableOf(name), name)
  const given: Given[] = []
  for (const [variable, text] of Object.entries(env)) {
    const name = nameOf.get(variable)
    if (name !== undefined && text !== undefined && text !== '') {
      given.push({ name, value: fromText(name, text), origin: variable })
    } else if (name === undefined && variable.startsWith('ROOKERY_') && variable !== FILE_VARIABLE) {
      problems.push(`${variable} is no setting${nearest(variable, [...nameOf.keys(), FILE_VARIABLE])}`)
    }
  }
  return settingsOf(given, problems)
}

/** Flags by setting name; unknown ones were refused by the command line's parser. */
export function readFlags(flags: Readonly<Record<string, unknown>>, problems: string[]): Settings {
  const given = Object.entries(flags)
    .filter(([name, value]) => settingNames.includes(name) && value !== undefined)
    .map(([name, value]) => ({
      name,
      value: typeof value === 'string' ? fromText(name, value) : value,
      origin: flagOf(name),
    }))
  return settingsOf(given, problems)
}

function parseFile(path: string, problems: string[]): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(readFileSync(path, 'utf8'))
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return { ...parsed }
    problems.push(`${path} must hold one JSON object`)
  } catch (error) {
    problems.push(`${path} cannot be read as JSON: ${error instanceof Error ? error.message : String(error)}`)
  }
  return {}
}

function settingsOf(given: readonly Given[], problems: string[]): Settings {
  const settings: Settings = new Map()
  for (const { name, value, origin } of given) {
    const key = configKeys.find((candidate) => name === candidate || name === `${candidate}File`)
    if (key === undefined) continue
    const earlier = settings.get(key)
    if (earlier) problems.push(`${origin} and ${earlier.origin} say the same thing twice: keep one`)
    settings.set(key, { value: name === key ? value : contentOf(key, value, origin, problems), origin })
  }
  return settings
}

function contentOf(key: ConfigKey, path: unknown, origin: string, problems: string[]): unknown {
  try {
    return fromText(key, readFileSync(String(path), 'utf8').trim())
  } catch {
    problems.push(`${origin}: the file ${String(path)} cannot be read`)
    return undefined
  }
}

/** Text as the kind of value the setting wants; text that is not of that kind stays text and fails validation. */
function fromText(name: string, text: string): unknown {
  const key = configKeys.find((candidate) => candidate === name)
  if (key === undefined) return text
  switch (keyMeta(key).kind) {
    case 'text':
      return text
    case 'number':
      return /^-?\d+$/.test(text) ? Number(text) : text
    case 'boolean':
      return text === 'true' || text === '1' ? true : text === 'false' || text === '0' ? false : text
    case 'list':
      return listItems(text, keyMeta(key).secret ? '\n' : /[,\n]/)
  }
}

/** PEM blocks one by one, otherwise what the separator separates: a secret may contain commas, so only lines do that there. */
function listItems(text: string, separator: string | RegExp): string[] {
  const blocks = text.match(/-----BEGIN [A-Z ]+-----[^-]+-----END [A-Z ]+-----/g)
  return blocks ?? text.split(separator).flatMap((item) => item.trim() || [])
}

function nearest(name: string, candidates: readonly string[]): string {
  const [best] = candidates
    .map((candidate) => ({ candidate, distance: leven(name.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance)
  const close = best !== undefined && best.distance <= Math.max(2, name.length / 3)
  return close ? `: did you mean ${best.candidate}?` : ': `rookery print-config` lists them all'
}
