/**
 * Axis: from values to places on paper, with ticks at round values.
 */
import type { Axis } from '../suite.js'

export interface Scale {
  /** 0 to 1. */
  place(value: number): number
  readonly ticks: readonly number[]
}

const TICKS = 5
const FEW_DECADES = 1.7

export function scaleOf({ scale }: Axis, values: readonly number[]): Scale {
  return scale === 'log' ? logScale(values.filter((value) => value > 0)) : linearScale(values)
}

/** From zero to the highest value. */
function linearScale(values: readonly number[]): Scale {
  const high = Math.max(...values, 0) || 1
  const step = roundStep(high / TICKS)
  const top = Math.ceil(high / step - 1e-9) * step
  const ticks = Array.from({ length: Math.round(top / step) + 1 }, (_, at) => at * step)
  return { place: (value) => value / top, ticks }
}

/** The least of 1, 2, 5 times a power of ten that is not below. */
function roundStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least))
  return power * ([1, 2, 5, 10].find((digit) => digit * power >= least * 0.999) ?? 10)
}

/** Over the values, to the next tick on both ends; what is not above zero lies on the lower end. */
function logScale(values: readonly number[]): Scale {
  const [low, high] = values.length === 0 ? [1, 10] : [Math.min(...values), Math.max(...values)]
  const digits = Math.log10(high / low) < FEW_DECADES ? [1, 2, 5] : [1]
  const [first, last] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))]
  const all: number[] = []
  for (let power = first; power <= last; power++) all.push(...digits.map((digit) => digit * 10 ** power))
  const from = all.filter((tick) => tick <= low * 1.001).at(-1) ?? low
  const to = all.find((tick) => tick >= high * 0.999 && tick > from) ?? from * 10
  const place = (value: number) => Math.log(Math.max(value, from) / from) / Math.log(to / from)
  return { place, ticks: all.filter((tick) => tick >= from && tick <= to) }
}
