/**
 * World: a cluster of real nodes and the devices of some users in one process, on one virtual clock, under one seed. It offers the faults
 * that a scenario draws from; what they break is mended by `heal`.
 */
import { VirtualClock } from '../clock-virtual.js'
import type { Random } from '../clock.js'
import type { View } from '../membership.js'
import { seededRandom } from '../random.js'
import { Device } from './device.js'
import { Machine } from './machine.js'
import { Stores } from './stores.js'
import type { Bent } from './stores.js'
import { Trace } from './trace.js'
import { Truth } from './truth.js'
import type { Host } from './wire.js'

export interface WorldParts {
  readonly seed: number
  readonly users: number
  readonly devicesPerUser: number
  readonly bent: Bent
}

export const SHARDS = 8
const NODES = ['n1', 'n2', 'n3']
/** So long after its troubles a node must be back in everybody's ears. */
const WELL_MS = 4_000
const SETTINGS = {
  shards: SHARDS,
  timing: { heartbeatMs: 500, suspicionMs: 1_750 },
  pingSeconds: 5,
  connectMs: 10_000,
  rate: { perSecond: 1e6, burst: 1e6 },
  sendRate: { perSecond: 1e6, burst: 1e6 },
  historyLagBytes: 1 << 26,
  retentionMs: 20_000,
}

export class World {
  readonly clock = new VirtualClock()
  readonly trace = new Trace(this.clock)
  readonly stores: Stores
  readonly truth: Truth
  readonly machines: readonly Machine[]
  readonly devices: readonly Device[]
  readonly violations: string[] = []
  /** Milliseconds between a device and its node, at most. */
  deviceDelay = 20
  /** The faults are over. */
  isCalm = false
  readonly #random: Random
  readonly #views = new Map<number, View>()

  constructor({ seed, users, devicesPerUser, bent }: WorldParts) {
    this.#random = seededRandom(seed)
    this.truth = new Truth({ viewOf: (number) => this.#views.get(number), violation: (text) => this.violation(text) })
    this.stores = new Stores({
      clock: this.clock,
      random: this.#random,
      bent,
      stored: (shard, seq, record) => this.truth.stored(shard, seq, record),
      viewed: (view) => this.#viewed(view),
    })
    this.machines = NODES.map((id, i) => this.#makeMachine(id, seed * 31 + i))
    this.devices = Array.from({ length: users * devicesPerUser }, (_, i) =>
      this.#makeDevice(`user${String(i % users)}`, `dev${String(Math.floor(i / users))}`),
    )
  }

  #viewed(view: View): void {
    if (this.#views.has(view.number)) return
    this.#views.set(view.number, view)
    this.trace.add('views', view.number, ...view.members.map(({ node }) => node))
    for (const { node } of this.#views.get(view.number - 1)?.members ?? [])
      if (!view.members.some((member) => member.node === node)) this.#checkGone(node)
  }

  /** Rule 8: nobody puts a node out that is well and heard. */
  #checkGone(node: string): void {
    const machine = this.machines.find(({ id }) => id === node)
    if (machine?.isUp !== true || machine.isFrozen || !this.stores.lines.isUp(node)) return
    const now = this.clock.now()
    if (now - Math.max(machine.wellSince, this.stores.busWellSince) > WELL_MS)
      this.violation(`${node} was put out of the view although it was well`)
  }

  violation(text: string): void {
    this.violations.push(text)
    this.trace.add('CHECKER', text)
  }

  #makeMachine(id: string, seed: number): Machine {
    return new Machine({ id, seed, stores: this.stores, trace: this.trace, settings: SETTINGS })
  }

  #makeDevice(user: string, name: string): Device {
    const delay = (): number => 1 + Math.floor(this.#random() * this.deviceDelay)
    return new Device({
      user,
      name,
      delay,
      clock: this.clock,
      random: this.#random,
      trace: this.trace,
      dial: () => this.#dial(),
    })
  }

  /** The balancer: any node that is up, and now and then one that only looks so. */
  #dial(): Host | null {
    const up = this.machines.filter((machine) => machine.isUp)
    const healthy = up.filter((machine) => !machine.isFrozen && this.stores.lines.isUp(machine.id))
    const choice = healthy.length === 0 || this.#random() < 0.1 ? up : healthy
    return choice[Math.floor(this.#random() * choice.length)]?.running ?? null
  }

  crash(machine: Machine): void {
    machine.crash()
    for (const device of this.devices) device.hostDied()
  }

  /** Everything that was broken works again. */
  heal(): void {
    this.isCalm = true
    const { stores } = this
    stores.heal()
    this.deviceDelay = 20
    for (const machine of this.machines) {
      machine.thaw()
      machine.healLine()
      machine.start()
    }
    for (const device of this.devices) {
      device.read()
      device.start()
    }
    this.trace.add('world', 'all faults are over')
  }
}
