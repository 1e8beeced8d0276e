/**
 * Suite: one benchmark, a file of its own in `suites/`. It starts what it measures, measures, stops it, and answers
 * measurements; how they are shown is not its business.
 */
export interface Suite {
  readonly name: string
  /** What it measures, in a line. */
  readonly line: string
  run(context: SuiteContext): Promise<SuiteResult>
}

export interface SuiteContext {
  /** Shorter and smaller, to see that it runs; its figures mean little. */
  readonly quick: boolean
  /** Says what is going on now. */
  note(text: string): void
}

export interface SuiteResult {
  readonly measurements: readonly Measurement[]
  /** How it was measured, in sentences. */
  readonly method: readonly string[]
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

/** Value over mark. */
export const ratioOf = ({ value }: Measurement, mark: Mark): number => value / mark.value

export const isMet = ({ value }: Measurement, mark: Mark): boolean =>
  mark.at === 'least' ? value >= mark.value : value <= mark.value
