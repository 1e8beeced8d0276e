/**
 * The fields of every push in wire order. Clients read them and trust the server: only the form is checked, and
 * fields that a later server adds at the end are passed over.
 */
import type { FieldReader, FieldWriter, Shape } from './fields.js'
import type { PushFrame, Receipts } from './frames.js'

type PushShapes = { readonly [N in PushFrame['frame']]: Shape<Extract<PushFrame, { frame: N }>> }

export const PUSH_SHAPES: PushShapes = {
  push: {
    read: (fields) => ({
      frame: 'push',
      epoch: fields.uint('epoch'),
      prev: fields.uint('prev'),
      entry: fields.entry('entry'),
    }),
    write(push, fields) {
      fields.uint('epoch', push.epoch)
      fields.uint('prev', push.prev)
      fields.entry('entry', push.entry)
    },
  },
  receipts: {
    read: (fields) => ({
      frame: 'receipts',
      conversation: fields.str('conversation'),
      items: fields.list('items', Infinity, readReceipt),
    }),
    write(receipts, fields) {
      fields.str('conversation', receipts.conversation)
      fields.list('items', receipts.items, writeReceipt)
    },
  },
  signalled: {
    read: (fields) => ({
      frame: 'signalled',
      conversation: fields.str('conversation'),
      sender: fields.str('sender'),
      name: fields.str('name'),
      data: fields.bytes('data', Infinity),
    }),
    write(signalled, fields) {
      fields.str('conversation', signalled.conversation)
      fields.str('sender', signalled.sender)
      fields.str('name', signalled.name)
      fields.bytes('data', signalled.data)
    },
  },
  head: {
    read: (fields) => ({
      frame: 'head',
      conversation: fields.str('conversation'),
      epoch: fields.uint('epoch'),
      seq: fields.uint('seq'),
    }),
    write(head, fields) {
      fields.str('conversation', head.conversation)
      fields.uint('epoch', head.epoch)
      fields.uint('seq', head.seq)
    },
  },
  resync: {
    read: () => ({ frame: 'resync' }),
    write() {
      // a resync has no fields
    },
  },
  reconnect: {
    read: (fields) => ({ frame: 'reconnect', delay: fields.uint('delay') }),
    write(reconnect, fields) {
      fields.uint('delay', reconnect.delay)
    },
  },
}

const readReceipt = (fields: FieldReader): Receipts['items'][number] => ({
  user: fields.str('user'),
  delivered: fields.uint('delivered'),
  read: fields.uint('read'),
})

function writeReceipt(item: Receipts['items'][number], fields: FieldWriter): void {
  fields.str('user', item.user)
  fields.uint('delivered', item.delivered)
  fields.uint('read', item.read)
}
