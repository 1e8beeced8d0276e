/**
 * Interval: the mean of paired differences with its 95 % confidence interval (Student's t).
 */
export interface Interval {
  readonly mean: number
  /** The mean is within this of the truth, with 95 % confidence. */
  readonly margin: number
}

/** Quantiles 0.975 of Student's t for 1, 2, 3 … degrees of freedom; beyond the table the normal one is near enough. */
const T = [
  12.71, 4.3, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23, 2.2, 2.18, 2.16, 2.14, 2.13, 2.12, 2.11, 2.1, 2.09, 2.09,
]
const NORMAL = 1.96

/** Needs two values. */
export function intervalOf(values: readonly number[]): Interval {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1)
  return { mean, margin: (T[values.length - 2] ?? NORMAL) * Math.sqrt(variance / values.length) }
}
