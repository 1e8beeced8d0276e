/**
 * Queries: the questions an application asks, each as many requests as its pages need.
 */
import { decodeEntry } from '../entry-codec.js'
import { MESSAGE_TYPE, type MessageType } from '../entry.js'
import type { ConversationItem, Page, ParticipantItem, PresenceItem } from '../frames.js'
import type { ConversationId, UserId } from '../ids.js'
import { LIMITS } from '../limits.js'
import { ClientEntry } from './client-entry.js'
import type { Requests } from './requests.js'

export interface HistoryOptions {
  /** Entries below this seq; 0, or no direction at all, is the newest page. */
  readonly before?: number
  /** Entries above this seq. */
  readonly after?: number
  /** Entries on both sides of this seq. */
  readonly around?: number
  /** 1 to 200; 50 by default. */
  readonly limit?: number
  /** Messages of these types; every entry by default. */
  readonly types?: readonly MessageType[]
}

/** Entries in rising order of seq. */
export interface HistoryPage extends Pick<Page, 'epoch' | 'head' | 'more'> {
  readonly entries: readonly ClientEntry[]
}

interface Listed<T> {
  readonly items: readonly T[]
  readonly more: boolean
}

const limit = LIMITS.pageEntries

export class Queries {
  readonly #requests: Requests
  readonly #user: () => UserId | undefined

  constructor(requests: Requests, user: () => UserId | undefined) {
    this.#requests = requests
    this.#user = user
  }

  async history(conversation: ConversationId, options: HistoryOptions): Promise<HistoryPage> {
    const { before, after, around, limit = 50, types = [] } = options
    const direction = after !== undefined ? 'after' : around !== undefined ? 'around' : 'before'
    const seq = after ?? around ?? before ?? 0
    const numbers = types.map((type) => MESSAGE_TYPE[type])
    const request = { frame: 'history', conversation, direction, seq, limit, types: numbers } as const
    const { items, epoch, head, more } = await this.#requests.ask('page', request)
    const user = this.#user() ?? ''
    return { entries: items.map(({ entry }) => new ClientEntry(decodeEntry(entry), epoch, user)), epoch, head, more }
  }

  conversations(): Promise<ConversationItem[]> {
    return everyPage<ConversationItem>((last) =>
      this.#requests.ask('conversationList', { frame: 'conversations', cursor: last?.conversation ?? '', limit }),
    )
  }

  participants(conversation: ConversationId): Promise<ParticipantItem[]> {
    return everyPage<ParticipantItem>((last) =>
      this.#requests.ask('participantList', { frame: 'participants', conversation, cursor: last?.user ?? '', limit }),
    )
  }

  async presence(users: readonly UserId[]): Promise<PresenceItem[]> {
    const questions = []
    for (let i = 0; i < users.length; i += LIMITS.users) {
      const request = { frame: 'presence', users: users.slice(i, i + LIMITS.users) } as const
      questions.push(this.#requests.ask('presenceList', request))
    }
    return (await Promise.all(questions)).flatMap(({ items }) => items)
  }
}

/** Asks on behind the last item until there is no more. */
async function everyPage<T>(ask: (last: T | undefined) => Promise<Listed<T>>): Promise<T[]> {
  const all: T[] = []
  for (;;) {
    const { items, more } = await ask(all.at(-1))
    all.push(...items)
    if (!more || items.length === 0) return all
  }
}
