/**
 * Document: everything a benchmark run gave, as its report and its JSON file hold it.
 */
import type { Machine } from '../machine.js'
import type { Suite, SuiteResult } from '../suite.js'
import type { Versions } from '../versions.js'

export interface SuiteReport extends Pick<Suite, 'name' | 'line'> {
  readonly result: SuiteResult
  readonly seconds: number
}

/** A suite that could not be run. */
export interface SuiteFailure extends Pick<Suite, 'name' | 'line'> {
  readonly error: string
}

export interface MissingPeer {
  readonly name: string
  /** The command that installs it. */
  readonly install: string
}

export interface ReportDocument {
  readonly begun: Date
  /** The command that gives this report again. */
  readonly command: string
  readonly quick: boolean
  readonly machine: Machine
  readonly versions: Versions
  readonly missing: readonly MissingPeer[]
  readonly suites: readonly SuiteReport[]
  readonly failures: readonly SuiteFailure[]
}
