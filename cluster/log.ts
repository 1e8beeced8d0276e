/**
 * Log: structured lines on stdout by pino, JSON for machines, one readable line on a terminal. Fields that could hold a
 * token, a password or what a person wrote are censored here, whoever passes them.
 */
import { pino, type DestinationStream } from 'pino'
import type { Logger } from '../actors/logger.js'
import type { Config } from './config.js'

const CENSORED = ['token', 'authorization', 'content', 'extra', 'body', 'secret', 'password', 'cookie', 'apiKey']
/** The field itself, and the same field one and two levels down (`headers.authorization`, `request.headers.authorization`). */
const paths = CENSORED.flatMap((field) => [field, `*.${field}`, `*.*.${field}`])

export type LogOptions = Pick<Config, 'node' | 'logLevel' | 'logFormat'>

export function createLog(options: LogOptions, out: NodeJS.WriteStream = process.stdout): Logger {
  const text = options.logFormat === 'text' || (options.logFormat === 'auto' && out.isTTY)
  const base = text ? {} : { node: options.node }
  const settings = { level: options.logLevel, base, redact: { paths, censor: '[censored]' } }
  return pino(
    { ...settings, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level } },
    text ? readable(out) : out,
  )
}

const level = (label: string) => ({ level: label })

/** A stream that takes pino's JSON lines and writes `12:00:01.250 warn  text  key=value`. */
function readable(out: NodeJS.WriteStream): DestinationStream {
  return { write: (line) => void out.write(lineText(JSON.parse(line) as Record<string, unknown>)) }
}

function lineText({ time, level, msg, err, ...fields }: Record<string, unknown>): string {
  const shown = Object.entries(fields).map(([key, value]) => `${key}=${fieldText(value)}`)
  const head = `${String(time).slice(11, 23)} ${String(level).padEnd(5)} ${String(msg)}`
  return `${[head, ...shown].join('  ')}\n${err === undefined ? '' : `${errorText(err)}\n`}`
}

const fieldText = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))

const errorText = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'stack' in error ? String(error.stack) : fieldText(error)
