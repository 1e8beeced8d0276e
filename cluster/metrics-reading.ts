/**
 * Metrics reading: a metric as it is at this moment, made when somebody scrapes and forgotten after. prom-client's own metrics
 * keep and hash a value per label set at every change; these cost nothing until somebody asks.
 */
import type { Metric, Registry } from 'prom-client'
import type { Histogram } from '../actors/counters.js'

export type Labels = Readonly<Record<string, string | number>>

export interface Sample {
  readonly labels: Labels
  readonly value: number
  /** When it differs from the metric's: `…_bucket`, `…_sum`, `…_count`. */
  readonly metricName?: string
}

export interface Reading {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly samples: readonly Sample[]
}

/** A registry asks a metric for its name and, at a scrape, for `get()`; nothing else of prom-client's classes is needed. */
export function registerReading(registry: Registry, { name, help, type, samples }: Reading): void {
  const metric = { name, get: () => Promise.resolve({ name, help, type, values: samples, aggregator: 'sum' }) }
  registry.registerMetric(metric as unknown as Metric)
}

/** A histogram as the exposition format wants it: cumulative buckets by upper bound, then sum and count. */
export function histogramSamples(name: string, labels: Labels, histogram: Histogram): Sample[] {
  let below = 0
  const bounds = [...histogram.bounds, '+Inf']
  const buckets = bounds.map((le, index) => {
    below += histogram.buckets[index] ?? 0
    return { metricName: `${name}_bucket`, labels: { ...labels, le }, value: below }
  })
  const sum = { metricName: `${name}_sum`, labels, value: histogram.sum }
  return [...buckets, sum, { metricName: `${name}_count`, labels, value: below }]
}
