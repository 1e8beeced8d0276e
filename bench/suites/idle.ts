/**
 * Idle: what a connection costs while nothing happens, in memory of the processes that hold them, in kernel memory, and in the CPU of
 * heartbeats; and the same with six nodes, where every node also knows who is on the others.
 */
import { usageBetween } from '../accounting.js'
import { contenders, contendersMethod, SOCKET_IO, UWS } from '../contenders.js'
import type { Figures } from '../figures.js'
import { Fleet, withFleet } from '../load/fleet.js'
import { guarded } from '../interrupt.js'
import { kernelBytes, settledMemory } from '../memory.js'
import { monotonic } from '../monotonic.js'
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
  /** Without a fall, for a look at memory while garbage of the connecting is still there. */
  readonly soonSeconds: number
  /** Without a fall of memory, after which it has settled; the CPU of idle connections is that of this time. */
  readonly quietSeconds: number
  /** Nodes of the second part; 0 leaves it out. */
  readonly nodes: number
}

const FULL: Size = { connections: 15_000, steps: 3, soonSeconds: 4, quietSeconds: 30, nodes: 6 }
const QUICK: Size = { connections: 300, steps: 2, soonSeconds: 1, quietSeconds: 1, nodes: 0 }

const MEMORY = 'memory per connection'
const SOON = `${MEMORY}, soon after they came`
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
        `${String(size.connections)} connections to one fresh server; resident memory of the processes that hold them when it has not fallen for ${String(size.quietSeconds)} s, less that of the empty server, which was given the same time`,
        `(the collector of V8 comes for the garbage of the connecting after some 20 s of quiet; "soon" is when memory has not fallen for ${String(size.soonSeconds)} s, with that garbage);`,
        `CPU of all servers in those ${String(size.quietSeconds)} s, with the heartbeats that each system's clients send; kernel memory (TCP and slab) holds both ends of every connection.`,
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
      const soon = () => settledMemory(() => running.memory(), size.soonSeconds)
      const empty = await settledMemory(() => running.memory(), size.quietSeconds)
      const kernelEmpty = kernelBytes()
      const figures: Record<string, Figures[string]> = {}
      for (const [at, fleet] of fleets.entries()) {
        const count = connectionsAt(at, size)
        context.note(`${system.name}: ${String(count)} connections`)
        const { target } = running
        await fleet.connect({ target, prefix: `idle-${String(at)}-`, count: size.connections / size.steps })
        figures[stepName(at, size)] = { value: ((await soon()) - empty) / count / 1024, unit: 'KiB' }
      }
      const kernel = (kernelBytes() - kernelEmpty) / size.connections / 1024
      const { memory, cpu } = await settle(running, size)
      return {
        [MEMORY]: { value: (memory - empty) / size.connections / 1024, unit: 'KiB' },
        ...figures,
        'memory of the empty server': { value: empty / 2 ** 20, unit: 'MiB' },
        'kernel memory per connection, both ends': { value: kernel, unit: 'KiB' },
        ...cpu,
      }
    }),
  )
}

/** Memory when it has settled, and the CPU since it last fell: no collector gave anything back in that time. */
async function settle(running: RunningSystem, { quietSeconds, connections }: Size) {
  const look = () => ({ usage: running.usage(), at: monotonic() })
  let before = look()
  const memory = await settledMemory(
    () => running.memory(),
    quietSeconds,
    () => (before = look()),
  )
  const after = look()
  const usage = usageBetween(before.usage, after.usage)
  const seconds = (after.at - before.at) / 1000
  const unit = 'ms per s and 1,000 connections'
  const perThousand = (cpu: number) => ({ value: (cpu * 1e6) / seconds / connections, unit })
  const busy = Object.entries(usage).filter(([, { cpu }]) => cpu > 0)
  const each = busy.map(([name, { cpu }]) => [`${CPU}: ${name}`, perThousand(cpu)] as const)
  return { memory, cpu: { [CPU]: perThousand(cpuOf(usage)), ...Object.fromEntries(each) } }
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
  `${SOON}, at ${connectionsAt(step, size).toLocaleString('en-US')}`

const memoryPlot = (turns: Turns, size: Size): Plot => ({
  title: 'Memory per connection against connections, soon after they came',
  x: { title: 'connections', scale: 'linear' },
  y: { title: 'KiB per connection', scale: 'log' },
  lines: linesOf(turns, (system) =>
    Array.from(
      { length: size.steps },
      (_, step) => [connectionsAt(step, size), turns.median(system, stepName(step, size))] as const,
    ),
  ),
})
