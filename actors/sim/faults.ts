/**
 * Faults: what happens to the cluster while users talk, in families, so that a failure says where to look. A plan sets timers; what it
 * breaks it mends by itself or leaves to the end of the scenario.
 */
import type { Random } from '../clock.js'
import type { Machine } from './machine.js'
import type { World } from './world.js'

export interface Family {
  /** Milliseconds of virtual time in which users talk. */
  readonly spanMs: number
  /** What they do, at most so often. */
  readonly deeds: number
  /** What is stored may be lost; devices must be told. */
  readonly allowsLoss: boolean
  readonly plan: (world: World, random: Random, spanMs: number) => void
}

type Plan = Family['plan']

const none: Plan = () => undefined

/** `count` times at random moments. */
function often(count: number, deed: (world: World, random: Random) => void): Plan {
  return (world, random, spanMs) => {
    for (let i = 0; i < count; i++) world.clock.after(Math.floor(random() * spanMs), () => deed(world, random))
  }
}

/** The same, but when the nodes have found each other: a new owner cannot know what the one before it saw lost. */
function oftenLater(count: number, deed: (world: World, random: Random) => void): Plan {
  return (world, random, spanMs) => {
    for (let i = 0; i < count; i++) world.clock.after(some(random, spanMs / 5, spanMs), () => deed(world, random))
  }
}

const all =
  (...plans: readonly Plan[]): Plan =>
  (world, random, spanMs) => {
    for (const plan of plans) plan(world, random, spanMs)
  }

const some = (random: Random, low: number, high: number): number => low + Math.floor(random() * (high - low))
const anyMachine = (world: World, random: Random): Machine =>
  world.machines[Math.floor(random() * world.machines.length)] as Machine

/** Unless the faults are over by then: everything is mended. */
function later(world: World, ms: number, task: () => void): void {
  world.clock.after(ms, () => {
    if (!world.isCalm) task()
  })
}

// ── nodes ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

const crash = (world: World, random: Random): void => {
  const machine = anyMachine(world, random)
  world.crash(machine)
  later(world, some(random, 10, 6_000), () => machine.start())
}

const freeze = (world: World, random: Random): void => {
  const machine = anyMachine(world, random)
  machine.freeze()
  later(world, some(random, 50, 6_000), () => machine.thaw())
}

const drain = (world: World, random: Random): void => {
  const machine = anyMachine(world, random)
  if (!machine.isUp) return
  void machine.stop()
  later(world, some(random, 2_000, 8_000), () => machine.start())
}

// ── bus and views ─────────────────────────────────────────────────────────────────────────────────────────────────────

const loseBus = (world: World, random: Random): void => {
  world.stores.troubleBus(0.05 + random() * 0.4, 3)
  later(world, some(random, 100, 3_000), () => world.stores.calmBus())
}

/** Until the end, so that also what is said last may be lost. */
const leakyBus: Plan = (world) => world.stores.troubleBus(0.2, 3)

const slowBus = (world: World, random: Random): void => {
  world.stores.troubleBus(0, 400)
  later(world, some(random, 100, 3_000), () => world.stores.calmBus())
}

const cutLine = (world: World, random: Random): void => {
  const machine = anyMachine(world, random)
  machine.cutLine()
  later(world, some(random, 50, 5_000), () => machine.healLine())
}

const lateViews = (world: World, random: Random): void => {
  const { memberships, usual } = world.stores
  memberships.faults = { ...usual, unknown: 0.3, watchDelay: () => some(random, 0, 3_000) }
  later(world, some(random, 500, 5_000), () => (memberships.faults = usual))
}

/** Nobody reaches the store of views. */
const stopViews = (world: World, random: Random): void => {
  world.trace.add('views', 'are away')
  world.stores.memberships.interrupt()
  later(world, some(random, 100, 4_000), () => world.stores.memberships.restore())
}

// ── journal ───────────────────────────────────────────────────────────────────────────────────────────────────────────

const doubtJournal = (world: World, random: Random): void => {
  const { journals, usual } = world.stores
  const lateness = (): number => some(random, 0, 6_000)
  journals.faults = {
    ...usual,
    answerLost: 0.15,
    neverArrives: 0.1,
    arrivesLate: 0.15,
    lateness,
    timeout: 2_000,
    readBreaks: 0.2,
  }
  world.trace.add('journal', 'becomes unreliable')
  later(world, some(random, 100, 4_000), () => (journals.faults = usual))
}

const stopJournal = (world: World, random: Random): void => {
  world.trace.add('journal', 'is away')
  world.stores.journals.outage = true
  later(world, some(random, 100, 3_000), () => (world.stores.journals.outage = false))
}

// ── history ───────────────────────────────────────────────────────────────────────────────────────────────────────────

const stopHistory = (world: World, random: Random): void => {
  world.trace.add('history', 'is away')
  world.stores.histories.outage = true
  later(world, some(random, 200, 8_000), () => (world.stores.histories.outage = false))
}

const doubtHistory = (world: World, random: Random): void => {
  const { histories, usual } = world.stores
  const lateness = (): number => some(random, 0, 8_000)
  const delay = (): number => some(random, 1, 150)
  histories.faults = { ...usual, delay, answerLost: 0.2, neverArrives: 0.1, arrivesLate: 0.2, lateness, timeout: 2_000 }
  later(world, some(random, 200, 5_000), () => (histories.faults = usual))
}

/** A backup is put back, a while after it was made. */
const rollBack = (world: World, random: Random): void => {
  const backup = world.stores.histories.snapshot()
  later(world, some(random, 500, 6_000), () => {
    world.trace.add('history', 'is rolled back')
    world.stores.histories.restore(backup)
  })
}

/** Power loss without fsync: the newest records never were. Nodes that stay up know better. */
const loseTail = (world: World, random: Random): void => {
  world.trace.add('journal', 'loses its tail')
  world.stores.journals.loseTail(some(random, 1, 12))
  world.truth.lost()
}

const recreateStream = (world: World): void => {
  world.trace.add('journal', 'is made anew')
  world.stores.journals.recreateStream()
  world.truth.lost()
}

export const FAMILIES = {
  calm: { spanMs: 6_000, deeds: 110, allowsLoss: false, plan: none },
  bus: {
    spanMs: 8_000,
    deeds: 110,
    allowsLoss: false,
    plan: all(often(4, loseBus), often(2, slowBus), often(1, cutLine)),
  },
  /** So little is said that nothing later shows what was lost. */
  quiet: { spanMs: 12_000, deeds: 24, allowsLoss: false, plan: leakyBus },
  views: {
    spanMs: 12_000,
    deeds: 110,
    allowsLoss: false,
    plan: all(often(3, lateViews), often(3, stopViews), often(4, freeze), often(1, cutLine)),
  },
  nodes: {
    spanMs: 12_000,
    deeds: 110,
    allowsLoss: false,
    plan: all(often(2, crash), often(2, freeze), often(1, drain), often(1, lateViews)),
  },
  journal: {
    spanMs: 8_000,
    deeds: 110,
    allowsLoss: false,
    plan: all(often(4, doubtJournal), often(1, stopJournal), often(1, freeze)),
  },
  history: {
    spanMs: 10_000,
    deeds: 110,
    allowsLoss: false,
    plan: all(often(2, stopHistory), often(2, doubtHistory), often(2, crash)),
  },
  everything: {
    spanMs: 14_000,
    deeds: 110,
    allowsLoss: false,
    plan: all(
      often(2, crash),
      often(2, freeze),
      often(1, drain),
      often(2, loseBus),
      often(1, slowBus),
      often(2, cutLine),
      often(1, lateViews),
      often(1, stopViews),
      often(2, doubtJournal),
      often(1, stopJournal),
      often(1, stopHistory),
      often(2, doubtHistory),
    ),
  },
  /** Postgres loses what it had, the journal still has it. */
  rollback: {
    spanMs: 10_000,
    deeds: 110,
    allowsLoss: false,
    plan: all(often(2, rollBack), often(1, stopHistory), often(1, crash)),
  },
  /** The journal loses what it stored, while its owners live. */
  loss: {
    spanMs: 8_000,
    deeds: 110,
    allowsLoss: true,
    plan: all(oftenLater(1, loseTail), oftenLater(1, recreateStream)),
  },
  /** Long enough for archived records to be purged and idle conversations to be let go of. */
  ages: {
    spanMs: 180_000,
    deeds: 60,
    allowsLoss: false,
    plan: all(often(3, crash), often(1, stopHistory), often(1, freeze)),
  },
} as const satisfies Record<string, Family>

export type FamilyName = keyof typeof FAMILIES
