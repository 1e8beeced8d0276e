/**
 * Idle: what a connection costs while nothing happens, in memory of the processes that hold them, in kernel memory, and in the CPU of
 * heartbeats; and the same with six nodes, where every node also knows who is on the others.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { usageBetween } from '../accounting.js'
import { contenders, contendersMethod, SOCKET_IO, UWS } from '../contenders.js'
import type { Figures } from '../figures.js'
import { Fleet, withFleet } from '../load/fleet.js'
import { guarded } from '../interrupt.js'
import { kernelBytes, settledMemory } from '../memory.js'
import { linesOf } from '../plots.js'
import { rookerySystem } from '../rookery-system.js'
import { atMost, cpuOf } from '../rows.js'
import type { Measurement, Plot, Suite, SuiteContext } from '../suite.js'
import { withSystem, type RunningSystem, type System } from '../system.js'
import { runTurns, type Turns } from '../turns.js'

interface Size {
  readonly connections: number
  /** Memory is read so many times on the way. */
  readonly steps: number
  readonly watchSeconds: number
  readonly quietSeconds: number
  /** Nodes of the second part; 0 leaves it out. */
  readonly nodes: number
}

const FULL: Size = { connections: 15_000, steps: 3, watchSeconds: 30, quietSeconds: 4, nodes: 6 }
const QUICK: Size = { connections: 300, steps: 2, watchSeconds: 1, quietSeconds: 1, nodes: 0 }

const MEMORY = 'memory per connection'
const CPU = 'CPU of idle connections'
const MANY = 'memory per connection on six nodes'

export const idle: Suite = {
  name: 'idle',
  line: '15,000 idle connections: memory of each, and the CPU of their heartbeats',
  async run(context) {
    const size = context.quick ? QUICK : FULL
    const systems = contenders(context, 'idle')
    const share = size.nodes === 0 ? 1 : 0.9
    const progress = (done: number) => context.progress(done * share)
    const measure = (system: System) => measureOne(system, size, context)
    const turns = await runTurns({ suite: 'idle', systems, context: { ...context, progress }, measure })
    const many = size.nodes === 0 ? [] : await measureMany(size, turns, context)
    return {
      measurements: [...ratios(turns), ...turns.measurements(), ...many, ...turns.noise([MEMORY, CPU])],
      method: [
        `${String(size.connections)} connections to one fresh server; resident memory of the processes that hold them, read when it has not fallen for ${String(size.quietSeconds)} s, less that of the empty server;`,
        `CPU of all servers for ${String(size.watchSeconds)} s with the heartbeats that each system's clients send; kernel memory (TCP and slab) holds both ends of every connection.`,
        ...contendersMethod(systems, context),
      ],
      plots: [memoryPlot(turns, size)],
    }
  },
}

function ratios(turns: Turns): Measurement[] {
  const against = (system: string, metric: string, value: number) =>
    turns.ratio({
      ...{ name: `${metric} against ${system}`, of: [metric], mark: atMost(value) },
      against: { system, metrics: [metric] },
    })
  return [...against(UWS, MEMORY, 2.5), ...against(SOCKET_IO, MEMORY, 0.15), ...against(SOCKET_IO, CPU, 0.2)]
}

function measureOne(system: System, size: Size, context: SuiteContext): Promise<Figures> {
  return withSystem(system, { nodes: 1 }, (running) =>
    withFleets(size.steps, async (fleets) => {
      const read = () => settledMemory(() => running.memory(), size.quietSeconds)
      const [empty, kernelEmpty] = [await read(), kernelBytes()]
      const figures: Record<string, Figures[string]> = {}
      let full = empty
      for (const [at, fleet] of fleets.entries()) {
        context.note(`${system.name}: ${String(connectionsAt(at, size))} connections`)
        const { target } = running
        await fleet.connect({ target, prefix: `idle-${String(at)}-`, count: size.connections / size.steps })
        full = await read()
        figures[stepName(at, size)] = { value: (full - empty) / connectionsAt(at, size) / 1024, unit: 'KiB' }
      }
      return {
        [MEMORY]: { value: (full - empty) / size.connections / 1024, unit: 'KiB' },
        ...figures,
        'memory of the empty server': { value: empty / 2 ** 20, unit: 'MiB' },
        'kernel memory per connection, both ends': {
          value: (kernelBytes() - kernelEmpty) / size.connections / 1024,
          unit: 'KiB',
        },
        ...(await watch(running, size)),
      }
    }),
  )
}

async function watch(running: RunningSystem, { watchSeconds, connections }: Size): Promise<Figures> {
  const before = running.usage()
  await pause(watchSeconds * 1000)
  const usage = usageBetween(before, running.usage())
  const unit = 'ms per s and 1,000 connections'
  const perThousand = (cpu: number) => ({ value: (cpu * 1e6) / watchSeconds / connections, unit })
  const busy = Object.entries(usage).filter(([, { cpu }]) => cpu > 0)
  const each = busy.map(([name, { cpu }]) => [`${CPU}: ${name}`, perThousand(cpu)] as const)
  return { [CPU]: perThousand(cpuOf(usage)), ...Object.fromEntries(each) }
}

/** Every node holds as many connections as the one before did. */
function measureMany(size: Size, turns: Turns, context: SuiteContext): Promise<Measurement[]> {
  const count = size.nodes * size.connections
  context.note(`${String(count)} connections on ${String(size.nodes)} nodes`)
  return withSystem(rookerySystem, { nodes: size.nodes }, (running) =>
    withFleet(size.nodes, async (fleet) => {
      const read = () => settledMemory(() => running.memory(), size.quietSeconds)
      const empty = await read()
      await fleet.connect({ target: running.target, prefix: 'many-', count })
      const value = ((await read()) - empty) / count / 1024
      const floor = turns.median(UWS, MEMORY)
      const row = { suite: 'idle', system: rookerySystem.name }
      return [
        { ...row, metric: MANY, value, unit: 'KiB' },
        ...(floor === undefined
          ? []
          : [{ ...row, metric: `${MANY} against ${UWS}`, value: value / floor, unit: 'x', mark: atMost(2.5) }]),
      ]
    }),
  )
}

/** One fleet for each step, since a generator opens its connections at once. */
function withFleets<T>(count: number, program: (fleets: readonly Fleet[]) => Promise<T>): Promise<T> {
  const fleets = Array.from({ length: count }, () => new Fleet(1))
  return guarded(
    () => Promise.all(fleets.map((fleet) => fleet.end())),
    () => program(fleets),
  )
}

const connectionsAt = (step: number, { connections, steps }: Size): number => (connections / steps) * (step + 1)

const stepName = (step: number, size: Size): string =>
  `${MEMORY}, at ${connectionsAt(step, size).toLocaleString('en-US')}`

const memoryPlot = (turns: Turns, size: Size): Plot => ({
  title: 'Memory per connection against connections',
  x: { title: 'connections', scale: 'linear' },
  y: { title: 'KiB per connection', scale: 'log' },
  lines: linesOf(turns, (system) =>
    Array.from(
      { length: size.steps },
      (_, step) => [connectionsAt(step, size), turns.median(system, stepName(step, size))] as const,
    ),
  ),
})
