/**
 * Checker: holds what devices were promised and shown against what the journal stored and what history has, when a run is over and
 * everything has settled. Promises 1 to 4 of the design, one function each.
 */
import type { ClientEntry } from '../../protocol/client/client-entry.js'
import { encodeWholeEntry } from '../../protocol/entry-codec.js'
import type { ConversationId } from '../../protocol/ids.js'
import { sameBytes } from '../journal-writer.js'
import type { Device, Wanted } from './device.js'
import type { Told, TrueEntry } from './told.js'
import { SHARDS } from './world.js'
import type { World } from './world.js'

/** Refusals that a participant of a group may get while others add and remove them. */
const FAIR_REFUSALS = new Set(['not-participant', 'not-allowed', 'no-such-conversation'])

/** Milliseconds in which a list must be there. */
const LIST_MS = 2_000

export async function check(world: World, allowsLoss: boolean): Promise<void> {
  if (!allowsLoss) for (const device of world.devices) checkAcks(world, device)
  checkOnce(world)
  for (const device of world.devices) {
    checkOrder(world, device)
    checkSendOrder(world, device)
  }
  if (allowsLoss) for (const device of world.devices) checkToldOfLoss(world, device)
  else {
    for (const device of world.devices) checkViews(world, device)
    await checkHistory(world)
    await checkLists(world)
  }
}

/** Promise 1: what was acked is stored at that place, as it was sent. */
function checkAcks(world: World, device: Device): void {
  for (const wanted of device.wanted) {
    const what = `${device.label}: ${wanted.content} in ${wanted.conversation}`
    if (wanted.outcome === 'open') world.violation(`${what} was never answered`)
    else if (wanted.outcome === 'refused') checkRefusal(world, wanted, what)
    else if (!isStored(world, wanted)) world.violation(`${what} was acked as ${place(wanted)} and is not there`)
  }
}

function checkRefusal(world: World, { conversation, refusal }: Wanted, what: string): void {
  if (conversation.startsWith('d:') || !FAIR_REFUSALS.has(refusal)) world.violation(`${what} was refused: ${refusal}`)
}

function isStored(world: World, { conversation, epoch, seq, id, content, user }: Wanted): boolean {
  return world.truth
    .at(conversation, seq)
    .some(
      (told) =>
        told.epoch === epoch &&
        told.id === id &&
        told.entry.sender === user &&
        Buffer.from(told.entry.content).toString() === content,
    )
}

/** Promise 3: one id, one entry; every repeat was answered with its place. */
function checkOnce(world: World): void {
  for (const [conversation, told] of world.truth.conversations) {
    const places = new Map<string, TrueEntry>()
    for (const entry of told.entries) {
      if (entry.id === '') continue
      const key = `${entry.entry.sender} ${entry.id}`
      const first = places.get(key)
      if (first?.epoch === entry.epoch)
        world.violation(
          `${conversation}: one id is stored as seq ${String(first.entry.seq)} and ${String(entry.entry.seq)}`,
        )
      places.set(key, entry)
    }
  }
  for (const { wanted } of world.devices) for (const repeat of wanted) checkRepeat(world, repeat)
}

function checkRepeat(world: World, repeat: Wanted): void {
  const first = repeat.repeats
  if (first === null || repeat.outcome !== 'acked' || first.outcome !== 'acked' || first.epoch !== repeat.epoch) return
  if (first.seq !== repeat.seq)
    world.violation(`${repeat.content}: acked as ${place(first)}, its repeat as ${place(repeat)}`)
}

const place = ({ epoch, seq }: { epoch: number; seq: number }): string => `${String(epoch)}/${String(seq)}`

/** Promise 2, too: what a device sends to a conversation is stored in the order in which it was sent. */
function checkSendOrder(world: World, device: Device): void {
  const last = new Map<ConversationId, Wanted>()
  for (const wanted of device.wanted) {
    // what follows a repeat names it as the one before, and that one is there already
    if (wanted.repeats !== null) last.delete(wanted.conversation)
    if (wanted.outcome !== 'acked' || wanted.repeats !== null) continue
    const before = last.get(wanted.conversation)
    if (before !== undefined && before.epoch === wanted.epoch && before.seq > wanted.seq)
      world.violation(`${device.label}: ${wanted.content} was stored before ${before.content}`)
    last.set(wanted.conversation, wanted)
  }
}

/** Promise 2: what a device was shown is what was stored at that place, and it rose. */
function checkOrder(world: World, device: Device): void {
  const heads = new Map<ConversationId, { epoch: number; seq: number }>()
  for (const shown of device.shown) {
    if (shown.what === 'restart') heads.clear()
    if (shown.what === 'unrecovered') heads.delete(shown.conversation)
    if (shown.what !== 'entry') continue
    const { conversation, epoch, seq } = shown.entry
    const before = heads.get(conversation)
    if (before !== undefined && before.epoch === epoch && seq <= before.seq)
      world.violation(`${device.label}: was shown ${conversation} ${place(shown.entry)} after ${place(before)}`)
    heads.set(conversation, { epoch, seq })
    if (!world.truth.at(conversation, seq).some((told) => isSame(told, shown.entry)))
      world.violation(`${device.label}: was shown ${conversation} ${place(shown.entry)}, which was not stored`)
  }
}

const isSame = (told: TrueEntry, { epoch, id, sender, content }: ClientEntry): boolean =>
  told.epoch <= epoch && told.entry.sender === sender && told.id === id && sameBytes(told.entry.content, content)

/** Promise 4: every device has everything its user may see. */
function checkViews(world: World, device: Device): void {
  for (const shown of device.shown)
    if (shown.what === 'unrecovered') world.violation(`${device.label}: recovered: false of ${shown.conversation}`)
  for (const [conversation, told] of world.truth.conversations) checkView(world, device, conversation, told)
}

/** Rule 5: who saw an epoch that ended in a loss is told so, and gets to the head of the next one. */
function checkToldOfLoss(world: World, device: Device): void {
  for (const [conversation, told] of world.truth.conversations) {
    const head = owedAfterLoss(world, device, conversation, told)
    if (head === undefined) continue
    const { isHeld, isTold } = earlierThan(device, conversation, head.epoch)
    if (!isHeld) continue
    if (!isTold) world.violation(`${device.label}: was not told that ${conversation} begins anew`)
    const position = device.client?.position(conversation) ?? { epoch: 0, seq: 0 }
    // a later epoch may begin where nothing of this conversation was lost
    if (position.epoch < head.epoch || position.seq !== head.entry.seq)
      world.violation(`${device.label}: ${conversation} is at ${place(position)}`)
  }
}

/** Whether the device held something of an epoch before this one, and whether it was told that it is stale. */
function earlierThan(
  device: Device,
  conversation: ConversationId,
  epoch: number,
): { isHeld: boolean; isTold: boolean } {
  let isHeld = false
  let isTold = false
  for (const shown of device.shown) {
    // an application that ended before its place was noted begins with nothing
    if (shown.what === 'restart') isHeld &&= shown.noted.has(conversation)
    else if (shown.what === 'unrecovered') isTold ||= shown.conversation === conversation
    else isHeld ||= shown.entry.conversation === conversation && shown.entry.epoch < epoch
  }
  return { isHeld, isTold }
}

/** The newest entry that a device is sure to get although something was lost; of a group the join may be lost, and the user is out. */
export function owedAfterLoss(
  { stores }: World,
  { user }: Device,
  conversation: ConversationId,
  told: Told,
): TrueEntry | undefined {
  const head = told.visibleTo(user).at(-1)
  if (head === undefined || !conversation.startsWith('d:')) return undefined
  for (let shard = 0; shard < SHARDS; shard++)
    if (stores.journals.kept(shard).some(({ record }) => record === head.record)) return head
  return undefined
}

function checkView(world: World, device: Device, conversation: ConversationId, told: Told): void {
  const what = `${device.label}: ${conversation}`
  const visible = told.visibleTo(device.user).map(({ entry }) => entry.seq)
  const places = new Map(visible.map((seq, i) => [seq, i]))
  let have = 0
  for (const shown of device.shown) {
    if (shown.what !== 'entry' || shown.entry.conversation !== conversation) continue
    const { seq } = shown.entry
    const index = places.get(seq) ?? -1
    if (index < 0) world.violation(`${what} was shown ${String(seq)} and may not see it`)
    else if (index > have) world.violation(`${what} was shown ${String(seq)} without ${String(visible[have])}`)
    have = Math.max(have, index + 1)
  }
  if (have < visible.length)
    world.violation(`${what} has ${String(have)} of ${String(visible.length)}: ${String(visible[have])} is missing`)
}

/** Rule 13: the list of a user's conversations names those the user is in. */
async function checkLists(world: World): Promise<void> {
  const lists = new Map<Device, string>()
  for (const device of world.devices)
    device.client?.conversations().then(
      (items) => lists.set(device, items.map(({ conversation }) => conversation).join(' ')),
      (error: unknown) => lists.set(device, String(error)),
    )
  await world.clock.run(() => lists.size === world.devices.length, LIST_MS).catch(() => undefined)
  for (const device of world.devices) {
    const listed = lists.get(device) ?? 'nothing in time'
    const expected = [...world.truth.conversations]
      .filter(([id, told]) => !id.startsWith('u:') && told.isIn(device.user))
      .map(([id]) => id)
    if (listed !== expected.sort().join(' '))
      world.violation(`${device.label}: the list says ${listed}, the journal ${expected.join(' ')}`)
  }
}

/** History is the journal's projection: every entry, at its seq, byte for byte. */
async function checkHistory(world: World): Promise<void> {
  const history = world.stores.histories.history('checker')
  for (const [conversation, told] of world.truth.conversations) {
    const query = { conversation, from: 1, to: Infinity, limit: Infinity, newest: false, types: [] }
    const entries = await world.stores.ask(history.page(query))
    for (let i = 0; i < Math.max(entries.length, told.entries.length); i++) {
      const [here, there] = [entries[i], told.entries[i]]
      if (here !== undefined && there !== undefined && sameBytes(encodeWholeEntry(here), there.bytes)) continue
      world.violation(`history of ${conversation} differs at ${String(there?.entry.seq ?? here?.seq)}`)
      break
    }
  }
}
