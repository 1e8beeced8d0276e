/**
 * Told: what the journal stored of one conversation, and who may see which of it: an account of its own, apart from the server's. Truth fills
 * it record by record; scenario and checker compare devices with it.
 */
import { ENTRY_KIND } from '../../protocol/entry.js'
import type { Entry } from '../../protocol/entry.js'
import { directUsers } from '../../protocol/ids.js'
import type { ConversationId, UserId } from '../../protocol/ids.js'
import type { ChangeDetail } from '../conversation-state.js'

export interface TrueEntry {
  readonly epoch: number
  readonly entry: Entry
  /** The client message id as text; '' for a change. */
  readonly id: string
  readonly bytes: Uint8Array
  /** The journal record that holds it. */
  readonly record: Uint8Array
}

export class Told {
  /** In the order of storing. */
  readonly entries: TrueEntry[] = []
  readonly #users: Set<UserId>
  readonly #visible = new Map<UserId, TrueEntry[]>()
  readonly #bySeq = new Map<number, TrueEntry[]>()

  constructor(conversation: ConversationId) {
    this.#users = new Set(givenUsers(conversation))
  }

  get last(): TrueEntry | undefined {
    return this.entries.at(-1)
  }

  /** Who comes sees the entry that says so, and so does who goes. */
  add(told: TrueEntry): void {
    this.entries.push(told)
    append(this.#bySeq, told.entry.seq, told)
    const { comes, goes } = movesOf(told.entry)
    for (const user of comes) this.#users.add(user)
    for (const user of this.#users) append(this.#visible, user, told)
    for (const user of goes) this.#users.delete(user)
  }

  /** More than one when something was lost and its place given again in a later epoch. */
  at(seq: number): readonly TrueEntry[] {
    return this.#bySeq.get(seq) ?? []
  }

  visibleTo(user: UserId): readonly TrueEntry[] {
    return this.#visible.get(user) ?? []
  }

  /** Whether the user takes part at the end. */
  isIn(user: UserId): boolean {
    return this.#users.has(user)
  }
}

function append<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [value])
  else list.push(value)
}

const NOBODY: readonly UserId[] = []

function movesOf(entry: Entry): { readonly comes: readonly UserId[]; readonly goes: readonly UserId[] } {
  const { participants = {}, users = NOBODY } = detailOf(entry)
  switch (entry.kind) {
    case ENTRY_KIND.created:
    case ENTRY_KIND.joined:
      return { comes: Object.keys(participants), goes: NOBODY }
    case ENTRY_KIND.left:
    case ENTRY_KIND.removed:
      return { comes: NOBODY, goes: users }
    default:
      return { comes: NOBODY, goes: NOBODY }
  }
}

function givenUsers(conversation: ConversationId): readonly UserId[] {
  if (conversation.startsWith('d:')) return directUsers(conversation)
  return conversation.startsWith('u:') ? [conversation.slice(2)] : []
}

export const detailOf = ({ kind, extra }: Entry): ChangeDetail =>
  kind === ENTRY_KIND.message || extra === null ? {} : (JSON.parse(extra) as ChangeDetail)
