/**
 * What an error of Postgres, or of the way to it, means for the caller. The classes are the first two characters of SQLSTATE
 * (postgresql.org/docs/18/errcodes-appendix.html).
 */
export type PostgresFailure =
  /** A value was refused; it will be refused again. */
  | 'data'
  /** Two transactions met; nothing was written, and doing it again helps. */
  | 'conflict'
  /** Everything else: it cannot be reached, is restarting, took too long, or is not set up as it should be. */
  | 'away'

export function postgresFailure(error: unknown): PostgresFailure {
  if (error instanceof RangeError) return 'data'
  switch (sqlState(error)?.slice(0, 2)) {
    case '22':
    case '23':
      return 'data'
    case '40':
      return 'conflict'
    default:
      return 'away'
  }
}

function sqlState(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}
