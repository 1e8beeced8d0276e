/**
 * Process watch: what the process itself costs and suffers: memory, CPU, how late the event loop runs, how long garbage
 * collection stops it. Names are given in metrics.ts.
 */
import { readFileSync } from 'node:fs'
import {
  constants,
  monitorEventLoopDelay,
  PerformanceObserver,
  type IntervalHistogram,
  type PerformanceEntry,
} from 'node:perf_hooks'

export interface ProcessReading {
  readonly cpu: { readonly userSeconds: number; readonly systemSeconds: number }
  readonly memory: NodeJS.MemoryUsage
  readonly startedSeconds: number
  /** 0 where /proc is missing. */
  readonly maxFiles: number
  /** How late timers fired since the reading before. */
  readonly loopLag: readonly { readonly percentile: number; readonly seconds: number }[]
  readonly collections: readonly Collections[]
}

interface Collections {
  readonly kind: string
  runs: number
  seconds: number
}

export interface ProcessWatch {
  read(): ProcessReading
  close(): void
}

const COLLECTION_KINDS = new Map([
  [constants.NODE_PERFORMANCE_GC_MAJOR, 'major'],
  [constants.NODE_PERFORMANCE_GC_MINOR, 'minor'],
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL, 'incremental'],
  [constants.NODE_PERFORMANCE_GC_WEAKCB, 'weakcb'],
])
/** What @types/node leaves out of an entry of type `gc`. */
type Collection = PerformanceEntry & { readonly detail: { readonly kind: number } }

/** Each interval wakes an idle process: at 10 ms that was most of what an idle node cost. */
const LOOP_RESOLUTION_MS = 100

export function watchProcess(): ProcessWatch {
  const collections = watchCollections()
  const intervals = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS })
  intervals.enable()
  const maxFiles = openFileLimit()
  return {
    read: () => ({
      cpu: cpuTime(),
      memory: process.memoryUsage(),
      startedSeconds: performance.timeOrigin / 1000,
      maxFiles,
      loopLag: takeLoopLag(intervals),
      collections: collections.read(),
    }),
    close() {
      intervals.disable()
      collections.close()
    },
  }
}

/** The soft limit of open files, which is what the kernel applies. */
export function openFileLimit(): number {
  try {
    return Number(/^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? 0)
  } catch {
    return 0
  }
}

function cpuTime(): ProcessReading['cpu'] {
  const { user, system } = process.cpuUsage()
  return { userSeconds: user / 1e6, systemSeconds: system / 1e6 }
}

/** What was measured is the whole interval of a timer, in nanoseconds; late is what goes beyond the interval asked for. */
function takeLoopLag(intervals: IntervalHistogram): ProcessReading['loopLag'] {
  const late = (nanoseconds: number) => Math.max(0, nanoseconds / 1e9 - LOOP_RESOLUTION_MS / 1000)
  const lag = [50, 90, 99, 100].map((percentile) => ({ percentile, seconds: late(intervals.percentile(percentile)) }))
  intervals.reset()
  return lag
}

function watchCollections() {
  const totals = new Map<string, Collections>()
  for (const kind of COLLECTION_KINDS.values()) totals.set(kind, { kind, runs: 0, seconds: 0 })
  const observer = new PerformanceObserver((entries) => {
    for (const { detail, duration } of entries.getEntries() as Collection[]) {
      const total = totals.get(COLLECTION_KINDS.get(detail.kind) ?? '')
      if (total === undefined) continue
      total.runs++
      total.seconds += duration / 1000
    }
  })
  observer.observe({ entryTypes: ['gc'] })
  return { read: () => [...totals.values()], close: () => observer.disconnect() }
}
