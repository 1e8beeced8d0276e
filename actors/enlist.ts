/**
 * What a change in one conversation means for the users' own ones: "you are in X since entry n", "you are out". The ids are
 * derived, so however often an owner says it, `u:<user>` stores it once (rule 13 of the design).
 */
import { ENTRY_KIND } from '../protocol/entry.js'
import { encodeBody } from '../protocol/entry-codec.js'
import { userConversation } from '../protocol/ids.js'
import type { MessageId, UserId } from '../protocol/ids.js'
import type { Enlist } from './command.js'
import type { ChangeDetail, ConversationState, Folded } from './conversation-state.js'
import { hash64 } from './hash.js'
import { NO_CONSEQUENCES } from './consequences.js'
import type { Consequences, ListChange } from './consequences.js'

/** A UUIDv7 (RFC 9562) of a time and a text: the same two always give the same id. */
export function derivedId(time: number, text: string): MessageId {
  const bytes = new DataView(new ArrayBuffer(24))
  bytes.setBigUint64(0, BigInt(time) << 16n)
  bytes.setBigUint64(6, hash64(text))
  bytes.setBigUint64(14, hash64(`${text}#`))
  bytes.setUint8(6, 0x70 | (bytes.getUint8(6) & 0x0f))
  bytes.setUint8(8, 0x80 | (bytes.getUint8(8) & 0x3f))
  let id = ''
  for (let i = 0; i < 16; i++) id += String.fromCharCode(bytes.getUint8(i))
  return id
}

/** The body of a change entry: no content, the detail as `extra`. */
export function changeBody(id: MessageId, detail: ChangeDetail): Uint8Array {
  return encodeBody({ id, type: 0, content: new Uint8Array(0), extra: JSON.stringify(detail), priority: 0, ttl: 0 })
}

/** What the users' own conversations must hear of an entry that was just folded into `state`. */
export function makeEnlists(
  state: ConversationState,
  entry: Folded,
  detail: ChangeDetail,
  changed: readonly UserId[],
): Enlist[] {
  if (state.kind === 'user' || changed.length === 0) return []
  const entered = enters(state, entry)
  if (entered === null) return []
  const users =
    entry.kind === ENTRY_KIND.role ? changed.filter((user) => detail.participants?.[user] === 'banned') : changed
  return users.map((user) => ({
    frame: 'enlist',
    conversation: userConversation(user),
    id: derivedId(entry.time, `${state.conversation}/${String(state.epoch)}/${String(entry.seq)}/${user}`),
    entered,
    about: state.conversation,
    epoch: state.epoch,
    seq: entry.seq,
  }))
}

function enters(state: ConversationState, entry: Folded): boolean | null {
  switch (entry.kind) {
    case ENTRY_KIND.created:
    case ENTRY_KIND.joined:
      return true
    case ENTRY_KIND.left:
    case ENTRY_KIND.removed:
    case ENTRY_KIND.role:
      return false
    default:
      return state.kind === 'direct' && entry.seq === 1 ? true : null
  }
}

/** The row of the user's list that an entry of `u:<user>` adds or removes. */
export function listChange(kind: number, detail: ChangeDetail): ListChange | null {
  if (kind !== ENTRY_KIND.entered && kind !== ENTRY_KIND.exited) return null
  const { conversation = '', seq = 0, epoch = 0 } = detail
  return { conversation, since: seq, epoch, gone: kind === ENTRY_KIND.exited }
}

/** Everything that follows from an entry just folded into `state`, besides its push. */
export function consequencesOf(
  state: ConversationState,
  entry: Folded,
  detail: ChangeDetail,
  changed: readonly UserId[],
): Consequences {
  const list = listChange(entry.kind, detail)
  if (changed.length === 0 && list === null) return NO_CONSEQUENCES
  return {
    participants: changed.flatMap((user) => state.storedParticipant(user) ?? []),
    enlists: makeEnlists(state, entry, detail, changed),
    list,
  }
}
