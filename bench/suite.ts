/**
 * Suite: one benchmark, a file of its own in `suites/`. It starts what it measures, measures, stops it, and answers
 * measurements; how they are shown is not its business.
 */
import type { System } from './system.js'

export interface Suite {
  readonly name: string
  /** What it measures, in a line. */
  readonly line: string
  run(context: SuiteContext): Promise<SuiteResult>
}

export interface SuiteContext {
  /** Shorter and smaller, to see that it runs; its figures mean little. */
  readonly quick: boolean
  /** The peers that were asked for and are installed; Rookery itself is not among them. */
  readonly peers: readonly System[]
  /** Says what is going on now. */
  note(text: string): void
  /** How far the suite is, 0 to 1. */
  progress(share: number): void
}

export interface SuiteResult {
  readonly measurements: readonly Measurement[]
  /** How it was measured, in sentences. */
  readonly method: readonly string[]
  readonly plots?: readonly Plot[]
}

export interface Measurement {
  readonly suite: string
  /** What was measured: `rookery`, or the name of a peer. */
  readonly system: string
  readonly metric: string
  readonly value: number
  readonly unit: string
  readonly mark?: Mark
}

/** What the value is to reach. */
export interface Mark {
  readonly at: 'least' | 'most'
  readonly value: number
}

/** A picture of the report: a line for each system or phase. */
export interface Plot {
  readonly title: string
  readonly x: Axis
  readonly y: Axis
  readonly lines: readonly { readonly name: string; readonly points: readonly (readonly [x: number, y: number])[] }[]
}

export interface Axis {
  readonly title: string
  readonly scale: 'linear' | 'log'
}

/** Value over mark; where the mark is 0, both count from 1, so that it is a number. */
export const ratioOf = ({ value }: Measurement, mark: Mark): number =>
  mark.value === 0 ? value + 1 : value / mark.value

export const isMet = ({ value }: Measurement, mark: Mark): boolean =>
  mark.at === 'least' ? value >= mark.value : value <= mark.value
