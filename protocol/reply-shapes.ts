/**
 * The fields of every reply in wire order. Clients read them and trust the server: only the form is checked, and
 * fields that a later server adds at the end are passed over.
 */
import { ROLE } from './entry.js'
import type { FieldReader, FieldWriter, Shape } from './fields.js'
import { PRESENCE_STATE } from './frames.js'
import type { ConversationItem, Item, Page, ParticipantItem, PresenceItem, Reply, Resumed } from './frames.js'

type ReplyShapes = { readonly [N in Reply['frame']]: Shape<Extract<Reply, { frame: N }>> }

export const REPLY_SHAPES: ReplyShapes = {
  welcome: {
    read: (fields) => ({
      frame: 'welcome',
      ref: fields.ref(),
      user: fields.str('user'),
      device: fields.str('device'),
      node: fields.str('node'),
      session: fields.uint('session'),
      ping: fields.uint('ping'),
      time: fields.uint('time'),
    }),
    write(welcome, fields) {
      fields.ref(welcome.ref)
      fields.str('user', welcome.user)
      fields.str('device', welcome.device)
      fields.str('node', welcome.node)
      fields.uint('session', welcome.session)
      fields.uint('ping', welcome.ping)
      fields.uint('time', welcome.time)
    },
  },
  pong: {
    read: (fields) => ({ frame: 'pong', ref: fields.ref(), pushes: fields.uint('pushes') }),
    write(pong, fields) {
      fields.ref(pong.ref)
      fields.uint('pushes', pong.pushes)
    },
  },
  error: {
    read: (fields) => ({
      frame: 'error',
      ref: fields.ref(),
      error: fields.error(),
      detail: fields.str('detail'),
      retry: fields.uint('retry'),
    }),
    write(error, fields) {
      fields.ref(error.ref)
      fields.error(error.error)
      fields.str('detail', error.detail)
      fields.uint('retry', error.retry)
    },
  },
  sent: {
    read: (fields) => ({
      frame: 'sent',
      ref: fields.ref(),
      epoch: fields.uint('epoch'),
      seq: fields.uint('seq'),
      time: fields.uint('time'),
    }),
    write(sent, fields) {
      fields.ref(sent.ref)
      fields.uint('epoch', sent.epoch)
      fields.uint('seq', sent.seq)
      fields.uint('time', sent.time)
    },
  },
  page: {
    read: (fields) => ({ frame: 'page', ref: fields.ref(), ...readPage(fields) }),
    write(page, fields) {
      fields.ref(page.ref)
      writePage(page, fields)
    },
  },
  resumed: {
    read: (fields) => ({
      frame: 'resumed',
      ref: fields.ref(),
      pages: fields.list('pages', Infinity, readPage),
      errors: fields.list('errors', Infinity, readResumeError),
    }),
    write(resumed, fields) {
      fields.ref(resumed.ref)
      fields.list('pages', resumed.pages, writePage)
      fields.list('errors', resumed.errors, writeResumeError)
    },
  },
  conversationList: {
    read: (fields) => ({
      frame: 'conversationList',
      ref: fields.ref(),
      items: fields.list('items', Infinity, readConversation),
      more: fields.bool('more'),
      epoch: fields.uint('epoch'),
      seq: fields.uint('seq'),
    }),
    write(list, fields) {
      fields.ref(list.ref)
      fields.list('items', list.items, writeConversation)
      fields.bool('more', list.more)
      fields.uint('epoch', list.epoch)
      fields.uint('seq', list.seq)
    },
  },
  participantList: {
    read: (fields) => ({
      frame: 'participantList',
      ref: fields.ref(),
      title: fields.str('title'),
      items: fields.list('items', Infinity, readParticipant),
      more: fields.bool('more'),
    }),
    write(list, fields) {
      fields.ref(list.ref)
      fields.str('title', list.title)
      fields.list('items', list.items, writeParticipant)
      fields.bool('more', list.more)
    },
  },
  presenceList: {
    read: (fields) => ({
      frame: 'presenceList',
      ref: fields.ref(),
      items: fields.list('items', Infinity, readPresence),
    }),
    write(list, fields) {
      fields.ref(list.ref)
      fields.list('items', list.items, writePresence)
    },
  },
}

const readPage = (fields: FieldReader): Page => ({
  conversation: fields.str('conversation'),
  epoch: fields.uint('epoch'),
  head: fields.uint('head'),
  recovered: fields.bool('recovered'),
  more: fields.bool('more'),
  items: fields.list('items', Infinity, readItem),
})

function writePage(page: Page, fields: FieldWriter): void {
  fields.str('conversation', page.conversation)
  fields.uint('epoch', page.epoch)
  fields.uint('head', page.head)
  fields.bool('recovered', page.recovered)
  fields.bool('more', page.more)
  fields.list('items', page.items, writeItem)
}

const readItem = (fields: FieldReader): Item => ({ prev: fields.uint('prev'), entry: fields.entry('entry') })

function writeItem(item: Item, fields: FieldWriter): void {
  fields.uint('prev', item.prev)
  fields.entry('entry', item.entry)
}

const readResumeError = (fields: FieldReader): Resumed['errors'][number] => ({
  conversation: fields.str('conversation'),
  error: fields.error(),
})

function writeResumeError(failed: Resumed['errors'][number], fields: FieldWriter): void {
  fields.str('conversation', failed.conversation)
  fields.error(failed.error)
}

const readConversation = (fields: FieldReader): ConversationItem => ({
  conversation: fields.str('conversation'),
  since: fields.uint('since'),
  epoch: fields.uint('epoch'),
})

function writeConversation(item: ConversationItem, fields: FieldWriter): void {
  fields.str('conversation', item.conversation)
  fields.uint('since', item.since)
  fields.uint('epoch', item.epoch)
}

const readParticipant = (fields: FieldReader): ParticipantItem => ({
  user: fields.str('user'),
  role: fields.choice('role', ROLE),
  delivered: fields.uint('delivered'),
  read: fields.uint('read'),
})

function writeParticipant(item: ParticipantItem, fields: FieldWriter): void {
  fields.str('user', item.user)
  fields.choice('role', ROLE, item.role)
  fields.uint('delivered', item.delivered)
  fields.uint('read', item.read)
}

const readPresence = (fields: FieldReader): PresenceItem => ({
  user: fields.str('user'),
  state: fields.choice('state', PRESENCE_STATE),
  lastSeen: fields.uint('lastSeen'),
})

function writePresence(item: PresenceItem, fields: FieldWriter): void {
  fields.str('user', item.user)
  fields.choice('state', PRESENCE_STATE, item.state)
  fields.uint('lastSeen', item.lastSeen)
}
