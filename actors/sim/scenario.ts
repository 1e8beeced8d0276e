/**
 * Scenario: one run from a seed. Users talk, join, leave, lose their lines and come back while the faults of a family happen; then the
 * faults end, everything settles in bounded virtual time, and the checker looks.
 */
import { directConversation, messageIdText } from '../../protocol/ids.js'
import type { ConversationId, UserId } from '../../protocol/ids.js'
import type { Random } from '../clock.js'
import { seededRandom } from '../random.js'
import { check, owedAfterLoss } from './checker.js'
import type { Device, Wanted } from './device.js'
import { FAMILIES } from './faults.js'
import type { Family, FamilyName } from './faults.js'
import type { Mutation } from './mutations.js'
import type { Bent } from './stores.js'
import type { Trace } from './trace.js'
import { World } from './world.js'

export interface RunOptions {
  readonly seed: number
  readonly family: FamilyName
  readonly mutation?: Mutation
}

export interface RunResult {
  readonly violations: readonly string[]
  readonly trace: Trace
  readonly messages: number
}

/** Milliseconds of virtual time in which the cluster must be up, and in which everything must settle. */
const START_MS = 20_000
const SETTLE_MS = 120_000

export async function run({ seed, family, mutation }: RunOptions): Promise<RunResult> {
  const undo = mutation?.patch?.()
  try {
    return await runWith(seed, family, mutation?.bent ?? {})
  } finally {
    undo?.()
  }
}

async function runWith(seed: number, family: FamilyName, bent: Bent): Promise<RunResult> {
  const random = seededRandom(seed * 7 + 1)
  const between = (low: number, high: number): number => low + Math.floor(random() * (high - low + 1))
  const world = new World({ seed, users: between(3, 5), devicesPerUser: between(1, 2), bent })
  const play = new Play(world, random)
  try {
    for (const machine of world.machines) machine.start()
    await world.clock.run(() => world.machines.every((machine) => machine.isUp), START_MS)
    play.begin()
    const { spanMs, deeds, plan, allowsLoss }: Family = FAMILIES[family]
    const end = world.clock.now() + spanMs
    play.plan(spanMs, deeds)
    plan(world, random, spanMs)
    await world.clock.run(end)
    world.heal()
    await settle(world, allowsLoss)
    await check(world, allowsLoss)
  } catch (error) {
    world.violation(error instanceof Error ? (error.stack ?? error.message) : String(error))
  }
  return { violations: world.violations, trace: world.trace, messages: play.messages }
}

/** Runs until nothing is owed to anybody any more; what still is then, the checker finds. */
async function settle(world: World, allowsLoss: boolean): Promise<void> {
  const end = world.clock.now() + SETTLE_MS
  while (world.clock.now() < end) {
    await world.clock.run(world.clock.now() + 500)
    if (isDelivered(world, allowsLoss) && (await isArchived(world))) return
  }
}

const isDelivered = (world: World, allowsLoss: boolean): boolean =>
  world.devices.every(
    (device) => device.isOnline && !device.isWaiting && isCaughtUp(world, device, allowsLoss ? owedAfterLoss : owed),
  )

async function isArchived({ truth, stores }: World): Promise<boolean> {
  const shards = [...truth.lastEntries.keys()]
  const positions = await stores.ask(stores.histories.history('checker').positions(shards))
  return shards.every((shard, i) => (positions[i]?.seq ?? 0) >= (truth.lastEntries.get(shard) ?? 0))
}

const owed: typeof owedAfterLoss = (_, { user }, __, told) => told.visibleTo(user).at(-1)

function isCaughtUp(world: World, device: Device, newest: typeof owedAfterLoss): boolean {
  for (const [conversation, told] of world.truth.conversations) {
    const head = newest(world, device, conversation, told)
    if (head !== undefined && !device.hasSeen(conversation, head.epoch, head.entry.seq)) return false
  }
  return true
}

/** What users do. */
class Play {
  messages = 0
  readonly #world: World
  readonly #random: Random
  readonly #conversations: ConversationId[] = []

  constructor(world: World, random: Random) {
    this.#world = world
    this.#random = random
  }

  get #users(): UserId[] {
    return [...new Set(this.#world.devices.map(({ user }) => user))]
  }

  #pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.#random() * from.length)] as T
  }

  /** Devices come, conversations begin. */
  begin(): void {
    const { devices } = this.#world
    for (const device of devices) device.start()
    const [first, ...others] = this.#users
    for (const other of others) this.#conversations.push(directConversation(first ?? '', other))
    for (let i = 0; i < 2; i++) {
      const group = `g:${this.#uuid(4)}`
      this.#conversations.push(group)
      const users = this.#users.filter(() => this.#random() < 0.6)
      devices[0]?.change((client) => client.create(group, { open: true, users }))
    }
  }

  /** Everything users will do in so many milliseconds. */
  plan(spanMs: number, most: number): void {
    const { clock } = this.#world
    const deeds = most / 2 + Math.floor((this.#random() * most) / 2)
    for (let i = 0; i < deeds; i++) clock.after(Math.floor(this.#random() * spanMs), () => this.#act())
  }

  #act(): void {
    const device = this.#pick(this.#world.devices)
    const dice = this.#random()
    if (dice < 0.72) this.#send(device)
    else if (dice < 0.78) this.#repeat(device)
    else if (dice < 0.86) this.#changeMembers(device)
    else if (dice < 0.91) device.cut()
    else if (dice < 0.93) device.vanish()
    else if (dice < 0.97) this.#restart(device)
    else this.#stall(device)
  }

  /** A burst of messages to one conversation. */
  #send(device: Device): void {
    const mine = this.#conversations.filter((id) => !id.startsWith('d:') || id.split(':').includes(device.user))
    if (mine.length === 0) return
    const conversation = this.#pick(mine)
    for (let left = 1 + Math.floor(this.#random() * 3); left > 0; left--) this.#sendOne(device, conversation, null)
  }

  #sendOne(device: Device, conversation: ConversationId, repeats: Wanted | null): void {
    if (repeats === null) this.messages++
    device.send({
      conversation,
      repeats,
      id: repeats?.id ?? this.#uuid(7),
      content: repeats?.content ?? `m${String(this.messages)}`,
      user: device.user,
      device: device.name,
      outcome: 'open',
      epoch: 0,
      seq: 0,
      refusal: '',
    })
  }

  /** Any device of the same user sends again what was sent. */
  #repeat(device: Device): void {
    const sent = this.#world.devices
      .filter(({ user }) => user === device.user)
      .flatMap(({ wanted }) => wanted.filter((one) => one.repeats === null && one.outcome === 'acked'))
    if (sent.length > 0) {
      const first = this.#pick(sent)
      this.#sendOne(device, first.conversation, first)
    }
  }

  #changeMembers(device: Device): void {
    const groups = this.#conversations.filter((id) => id.startsWith('g:'))
    const group = this.#pick(groups)
    const user = this.#pick(this.#users)
    const dice = this.#random()
    device.change((client) => {
      if (dice < 0.4) return client.join(group)
      if (dice < 0.6) return client.leave(group)
      return dice < 0.8 ? client.add(group, [user]) : client.remove(group, [user])
    })
  }

  #restart(device: Device): void {
    device.kill()
    this.#world.clock.after(Math.floor(this.#random() * 10_000), () => device.start())
  }

  #stall(device: Device): void {
    device.stall()
    this.#world.clock.after(Math.floor(this.#random() * 3_000), () => device.read())
  }

  /** A UUID of version 4 or 7; the latter's time is now. */
  #uuid(version: 4 | 7): string {
    const bytes = Array.from({ length: 16 }, () => Math.floor(this.#random() * 256))
    const time = this.#world.clock.now()
    if (version === 7) for (let i = 0; i < 6; i++) bytes[i] = Math.floor(time / 256 ** (5 - i)) % 256
    bytes[6] = (version << 4) | ((bytes[6] ?? 0) & 0x0f)
    bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f)
    return messageIdText(String.fromCharCode(...bytes))
  }
}
