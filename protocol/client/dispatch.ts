/**
 * Dispatch: each frame of the server to the part of the client that awaits it. What nobody awaits is dropped, except an
 * error: that becomes an event.
 */
import type { ErrorReply, ServerFrame, Signalled } from '../frames.js'
import { RookeryError } from './client-error.js'
import type { Events } from './events.js'
import type { Inbox } from './inbox.js'
import type { Requests } from './requests.js'
import type { Sender } from './sender.js'

export interface Parts {
  readonly inbox: Inbox
  readonly sender: Sender
  readonly requests: Requests
  readonly events: Events
}

export function dispatch(frame: ServerFrame, { inbox, sender, requests, events }: Parts): void {
  switch (frame.frame) {
    case 'push':
      inbox.push(frame)
      break
    case 'head':
      inbox.head(frame)
      break
    case 'resync':
      inbox.resumeAll()
      break
    case 'resumed':
      inbox.resumed(frame)
      break
    case 'sent':
      if (!sender.sent(frame)) requests.reply(frame)
      break
    case 'error':
      if (!sender.refused(frame) && !inbox.refused(frame) && !requests.refused(frame)) reportError(frame, events)
      break
    case 'page':
    case 'conversationList':
    case 'participantList':
    case 'presenceList':
      requests.reply(frame)
      break
    case 'receipts':
      events.emit('receipts', { conversation: frame.conversation, items: frame.items })
      break
    case 'signalled':
      reportSignal(frame, events)
      break
    case 'welcome':
    case 'pong':
    case 'reconnect':
      break
  }
}

function reportError({ error, detail }: ErrorReply, events: Events): void {
  events.emit('error', new RookeryError(error, detail))
}

function reportSignal({ conversation, sender, name, data }: Signalled, events: Events): void {
  events.emit('signal', { conversation, sender, name, data })
}
