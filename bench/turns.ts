/**
 * Turns: measures several systems by the same program, one after the other and that several times over, because the same program
 * minutes apart differs by more than what is to be told apart. The first system is measured twice in every round: how far
 * the two medians lie apart (A/A), and how far single runs do, is the noise floor.
 */
import type { Figure, Figures } from './figures.js'
import type { Mark, Measurement, SuiteContext } from './suite.js'
import type { System } from './system.js'

/** Of a full run; a quick one does one. */
export const RUNS = 5

export interface TurnsPlan<S> {
  readonly suite: string
  readonly systems: readonly S[]
  readonly context: SuiteContext
  /** Rounds of a full run, if not the usual number. */
  readonly runs?: number
  /** Measures a system once, from its start to its end. */
  measure(system: S): Promise<Figures>
}

export async function runTurns<S extends Pick<System, 'name'>>(plan: TurnsPlan<S>): Promise<Turns> {
  const { systems, context, suite } = plan
  const runs = context.quick ? 1 : (plan.runs ?? RUNS)
  const [first] = systems
  const twin = context.quick || first === undefined ? [] : [first]
  const turns = new Turns(suite)
  const round = [
    ...systems.map((system) => ({ system, isTwin: false })),
    ...twin.map((system) => ({ system, isTwin: true })),
  ]
  for (let at = 0; at < runs * round.length; at++) {
    const { system, isTwin } = round[at % round.length] as (typeof round)[number]
    const again = isTwin ? ', again for the noise floor' : ''
    context.note(`${system.name}, run ${String(Math.floor(at / round.length) + 1)} of ${String(runs)}${again}`)
    turns.add(system.name, await plan.measure(system), isTwin)
    context.progress((at + 1) / (runs * round.length))
  }
  return turns
}

export class Turns {
  readonly #suite: string
  readonly #runs = new Map<string, Figures[]>()
  readonly #twin: Figures[] = []

  constructor(suite: string) {
    this.#suite = suite
  }

  add(system: string, figures: Figures, isTwin = false): void {
    const runs = isTwin ? this.#twin : this.#runs.get(system)
    if (runs === undefined) this.#runs.set(system, [figures])
    else runs.push(figures)
  }

  get systems(): string[] {
    return [...this.#runs.keys()]
  }

  has(system: string): boolean {
    return this.#runs.has(system)
  }

  /** Undefined when no run of the system had it. */
  median(system: string, metric: string): number | undefined {
    const values = valuesOf(this.#runs.get(system) ?? [], metric)
    return values.length === 0 ? undefined : medianOf(values)
  }

  /** The medians of every metric, with marks by metric for the first system. */
  measurements(marks: Readonly<Record<string, Mark>> = {}): Measurement[] {
    const [first] = this.systems
    return this.systems.flatMap((system) =>
      Object.entries(this.#figures(system)).map(([metric, { value, unit }]): Measurement => {
        const mark = system === first ? marks[metric] : undefined
        return { suite: this.#suite, system, metric, value, unit, ...(mark && { mark }) }
      }),
    )
  }

  /**
   * Median of the first system over that of another, or of the other over the first, as a measurement of the first. None when one of them was
   * not measured, or as nothing.
   */
  ratio(options: RatioOptions): Measurement[] {
    const [first = ''] = this.systems
    const { name, mark, of, against } = options
    const [own, theirs] = [sumOf(this.#medians(first, of)), sumOf(this.#medians(against.system, against.metrics))]
    if (own === undefined || theirs === undefined) return []
    const value = options.isInverse === true ? theirs / own : own / theirs
    if (!Number.isFinite(value)) return []
    return [{ suite: this.#suite, system: first, metric: name, value, unit: 'x', ...(mark && { mark }) }]
  }

  /** How far apart two measurements of the same thing lie, in percent: the two medians of the first system, and its single runs. */
  noise(metrics: readonly string[]): Measurement[] {
    const [system = ''] = this.systems
    return metrics.flatMap((metric) => {
      const [values, twin] = [valuesOf(this.#runs.get(system) ?? [], metric), valuesOf(this.#twin, metric)]
      if (values.length < 2 || twin.length === 0) return []
      const median = medianOf(values)
      if (median === 0) return []
      const percent = { suite: this.#suite, system, unit: '%' }
      const apart = (100 * Math.abs(medianOf(twin) - median)) / median
      const spread = (100 * (Math.max(...values) - Math.min(...values))) / median
      return [
        { ...percent, metric: `noise floor (A/A) of ${metric}`, value: apart },
        { ...percent, metric: `spread of the runs of ${metric}`, value: spread },
      ]
    })
  }

  #medians(system: string, metrics: readonly string[]): (number | undefined)[] {
    return metrics.map((metric) => this.median(system, metric))
  }

  #figures(system: string): Record<string, Figure> {
    const runs = this.#runs.get(system) ?? []
    const units = new Map(runs.flatMap(Object.entries<Figure>).map(([metric, { unit }]) => [metric, unit]))
    const rows = [...units].map(
      ([metric, unit]) => [metric, { value: medianOf(valuesOf(runs, metric)), unit }] as const,
    )
    return Object.fromEntries(rows)
  }
}

export interface RatioOptions {
  readonly name: string
  /** Metrics of the first system, added up. */
  readonly of: readonly string[]
  readonly against: { readonly system: string; readonly metrics: readonly string[] }
  /** True: theirs over ours. */
  readonly isInverse?: boolean
  readonly mark?: Mark | undefined
}

export function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const [low = NaN, high = NaN] = [sorted[(sorted.length - 1) >> 1], sorted[middle]]
  return (low + high) / 2
}

function valuesOf(runs: readonly Figures[], metric: string): number[] {
  return runs.map((figures) => figures[metric]?.value).filter((value) => value !== undefined)
}

function sumOf(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined)
  return known.length < values.length ? undefined : known.reduce((sum, value) => sum + value, 0)
}
