/**
 * What a conversation answers to those who only read: resumes, history pages, participants, the user's list. Nothing above the
 * newest stored entry is shown, and nobody sees outside their intervals of visibility.
 */
import type { ConversationItem, HistoryQuery, Item, ParticipantsQuery } from '../protocol/frames.js'
import { refusal } from './command.js'
import type { ListQuery, OwnerReply, ResumeOne } from './command.js'
import type { ConversationState } from './conversation-state.js'
import type { ReadableHistory } from './whole-history.js'
import type { KeptEntries } from './kept-entries.js'
import { readPage } from './page-reader.js'
import type { PageContent } from './page-reader.js'
import * as spans from './spans.js'
import type { Standing } from './standing.js'
import type { Caller } from './transport.js'

export interface Readable {
  readonly state: ConversationState
  readonly standing: Standing
  readonly kept: KeptEntries
  /** Seq of the newest stored entry. */
  readonly committed: number
  readonly history: ReadableHistory
}

type Answer = OwnerReply | Promise<OwnerReply>

/** What the caller may see; a refusal for a stranger. */
function sight(of: Readable, caller: Caller): readonly number[] | OwnerReply {
  if (!of.state.exists) return refusal('no-such-conversation')
  if (caller.system) return [1]
  return of.state.participants.get(caller.user)?.spans ?? refusal('not-participant')
}

/** Why the caller may not read here; null when they may. */
export function unreadable(of: Readable, caller: Caller): OwnerReply | null {
  const seen = sight(of, caller)
  return isSpans(seen) ? null : seen
}

const isSpans = (seen: readonly number[] | OwnerReply): seen is readonly number[] => Array.isArray(seen)

const then = (page: PageContent | Promise<PageContent>, make: (content: PageContent) => OwnerReply): Answer =>
  page instanceof Promise ? page.then(make) : make(page)

/** Whether a position is beyond everything that is or will be stored: the journal or history lost what a device saw. */
export const isBeyond = ({ state }: Readable, { position }: ResumeOne): boolean =>
  position.epoch !== 0 && position.epoch === state.epoch && position.seq > state.head

export function resumePage(of: Readable, caller: Caller, { position, limit }: ResumeOne): Answer {
  const seen = sight(of, caller)
  if (!isSpans(seen)) return seen
  const { conversation } = of.state
  const { epoch } = of.standing
  const fresh = position.epoch === 0 && position.seq === 0
  const recovered = fresh || (position.epoch === epoch && position.seq <= of.state.head)
  const from = recovered ? position.seq + 1 : 1
  const head = spans.lastVisible(seen, of.committed)
  const page = readPage(of.history, of.kept, {
    conversation,
    spans: seen,
    from,
    to: of.committed,
    limit,
    newest: !recovered,
    types: [],
    head: of.committed,
  })
  return then(page, ({ items, more }) => ({
    frame: 'onePage',
    page: { conversation, epoch, head, recovered, more: recovered && more, items },
  }))
}

export function historyPage(of: Readable, caller: Caller, query: HistoryQuery): Answer {
  const seen = sight(of, caller)
  if (!isSpans(seen)) return seen
  const { conversation } = of.state
  const { epoch } = of.standing
  const read = (from: number, to: number, limit: number, newest: boolean): PageContent | Promise<PageContent> =>
    readPage(of.history, of.kept, {
      ...{ conversation, spans: seen, from, to, limit, newest },
      ...{ types: query.types, head: of.committed },
    })
  const head = spans.lastVisible(seen, of.committed)
  const reply = (items: readonly Item[], more: boolean): OwnerReply => ({
    frame: 'page',
    ref: 0,
    conversation,
    epoch,
    head,
    recovered: true,
    more,
    items,
  })
  const before = query.seq === 0 ? of.committed : Math.min(query.seq - 1, of.committed)
  switch (query.direction) {
    case 'before':
      return then(read(1, before, query.limit, true), ({ items, more }) => reply(items, more))
    case 'after':
      return then(read(query.seq + 1, of.committed, query.limit, false), ({ items, more }) => reply(items, more))
    case 'around': {
      const older = Math.floor(query.limit / 2)
      return Promise.all([
        read(1, before, older, true),
        read(before + 1, of.committed, query.limit - older, false),
      ]).then(([a, b]) => reply([...a.items, ...b.items], a.more || b.more))
    }
  }
}

export function participantPage({ state }: Readable, caller: Caller, query: ParticipantsQuery): OwnerReply {
  if (!state.exists) return refusal('no-such-conversation')
  if (!caller.system && !state.present(caller.user)) return refusal('not-participant')
  const users = [...state.participants.keys()].filter((user) => user > query.cursor && state.present(user)).sort()
  const items = users.slice(0, query.limit).flatMap((user) => {
    const row = state.participants.get(user)
    return row === undefined ? [] : { user, role: row.role, delivered: row.delivered, read: row.read }
  })
  return { frame: 'participantList', ref: 0, title: state.title, items, more: users.length > query.limit }
}

export function listPage({ state, standing, committed }: Readable, { query }: ListQuery): OwnerReply {
  const ids = [...state.list.keys()].filter((id) => id > query.cursor).sort()
  const items: ConversationItem[] = ids.slice(0, query.limit).flatMap((id) => {
    const item = state.list.get(id)
    return item === undefined ? [] : { conversation: id, since: item.since, epoch: item.epoch }
  })
  return {
    frame: 'conversationList',
    ref: 0,
    items,
    more: ids.length > query.limit,
    epoch: standing.epoch,
    seq: committed,
  }
}
