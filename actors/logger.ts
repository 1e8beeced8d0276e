/** Logger: structured lines; the cluster's one is pino. Never contents, tokens or personal data beyond ids. */
export interface Logger {
  debug(fields: object, text: string): void
  info(fields: object, text: string): void
  warn(fields: object, text: string): void
  error(fields: object, text: string): void
}

/** Says nothing. */
export const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} }
