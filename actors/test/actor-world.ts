/** An actor system on virtual time, with what became dead letters and what failed, and short-hands for its tests. */
import type { ActorKind } from '../actor.js'
import { ActorSystem } from '../actor-system.js'
import { VirtualClock } from '../clock-virtual.js'

interface Dead {
  readonly kind: string
  readonly id: unknown
  readonly message: unknown
  readonly why: string
}

export function createWorld() {
  const clock = new VirtualClock(0)
  const dead: Dead[] = []
  const failures: unknown[] = []
  const system = new ActorSystem({
    clock,
    deadLetter: (kind, id, message, why) => dead.push({ kind, id, message, why }),
    failed: (_kind, _id, error) => failures.push(error),
  })
  const settle = () => clock.run(clock.now())
  return { clock, dead, failures, system, settle }
}

export function kindOf<M>(receive: (message: M) => void | Promise<void>, more: Partial<ActorKind<string, M>> = {}) {
  const kind: ActorKind<string, M> = {
    kind: 'thing',
    mailbox: 100,
    idle: 0,
    activate: () => ({ receive }),
    supervise: () => 'resume',
    ...more,
  }
  return kind
}

export const later = (clock: VirtualClock, ms: number) => new Promise<void>((resolve) => void clock.after(ms, resolve))
