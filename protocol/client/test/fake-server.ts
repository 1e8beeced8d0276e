/**
 * A server of one process for tests of the client: it speaks the frames over a real WebSocket, keeps conversations in
 * arrays, answers like the real one, and lets a test answer in its stead.
 */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { WebSocketServer, type WebSocket } from 'ws'
import { CLOSE_CODES, type CloseName } from '../../close-codes.js'
import { SUBPROTOCOLS, type Codec } from '../../codec.js'
import { jsonCodec } from '../../codec-json.js'
import { msgpackCodec } from '../../codec-msgpack.js'
import { encodeEntry, encodeWholeEntry, messageIdOf } from '../../entry-codec.js'
import { ENTRY_KIND, MESSAGE_TYPE } from '../../entry.js'
import type { Command, Item, Page, Position, Send, ServerFrame } from '../../frames.js'
import type { ConversationId, MessageId } from '../../ids.js'
import { within } from './waiting.js'

interface FakeConversation {
  epoch: number
  readonly entries: Uint8Array[]
  readonly seqOf: Map<MessageId, number>
}

/** Answers true when it dealt with the command. */
type Script = (command: Command, connection: FakeConnection) => boolean

const utf8 = new TextEncoder()

export class FakeConnection {
  readonly commands: Command[] = []
  /** Commands in each WebSocket message. */
  readonly messages: number[] = []
  readonly closed: Promise<unknown>
  pushes = 0
  readonly #socket: WebSocket
  readonly #codec: Codec

  constructor(socket: WebSocket, command: (command: Command) => void) {
    this.#socket = socket
    this.#codec = socket.protocol === SUBPROTOCOLS.json ? jsonCodec : msgpackCodec
    this.closed = once(socket, 'close')
    socket.on('message', (data: Buffer) => {
      const before = this.commands.length
      this.#codec.decodeCommands(data, {
        command: (received) => {
          this.commands.push(received)
          command(received)
        },
        fault: (fault) => {
          this.close(fault.close ?? 'bad-frame')
        },
      })
      this.messages.push(this.commands.length - before)
    })
  }

  /** All of them in one WebSocket message. */
  send(...frames: ServerFrame[]): void {
    this.pushes += frames.filter(({ frame }) => frame === 'push').length
    const bytes = Buffer.concat(frames.map((frame) => this.#codec.encodeServerFrame(frame)))
    this.#socket.send(this.#codec.binary ? bytes : bytes.toString())
  }

  close(name: CloseName): void {
    this.#socket.close(CLOSE_CODES[name].code)
  }

  /** The line breaks without a word. */
  cut(): void {
    this.#socket.terminate()
  }

  received<N extends Command['frame']>(frame: N): Extract<Command, { frame: N }>[] {
    return this.commands.filter((command): command is Extract<Command, { frame: N }> => command.frame === frame)
  }
}

export class FakeServer {
  readonly url: string
  readonly connections: FakeConnection[] = []
  /** Seconds between pings. */
  ping = 30
  script: Script = () => false
  readonly #server: WebSocketServer
  readonly #conversations = new Map<ConversationId, FakeConversation>()
  readonly #waiters = new Set<() => void>()

  private constructor(server: WebSocketServer) {
    this.#server = server
    this.url = `ws://127.0.0.1:${String((server.address() as AddressInfo).port)}/ws`
    server.on('connection', (socket) => {
      const connection: FakeConnection = new FakeConnection(socket, (command) => {
        if (!this.script(command, connection)) this.answer(command, connection)
        for (const waiter of this.#waiters) waiter()
      })
      this.connections.push(connection)
      for (const waiter of this.#waiters) waiter()
    })
  }

  static async listen(): Promise<FakeServer> {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
    await once(server, 'listening')
    return new FakeServer(server)
  }

  async close(): Promise<void> {
    for (const client of this.#server.clients) client.terminate()
    await new Promise((resolve) => {
      this.#server.close(resolve)
    })
  }

  get newest(): FakeConnection {
    const connection = this.connections.at(-1)
    if (connection === undefined) throw new Error('nobody is connected')
    return connection
  }

  /** Waits until something the server saw makes it true. */
  async until(what: string, isTrue: () => boolean): Promise<void> {
    let check: () => void = () => undefined
    const happened = new Promise<void>((resolve) => {
      check = () => {
        if (isTrue()) resolve()
      }
    })
    this.#waiters.add(check)
    check()
    await within(what, happened).finally(() => this.#waiters.delete(check))
  }

  seqs(conversation: ConversationId): number {
    return this.#of(conversation).entries.length
  }

  /** Stores a message of somebody else; answers its push. */
  append(conversation: ConversationId, text: string): ServerFrame {
    const body = { id: '', type: MESSAGE_TYPE.text, content: utf8.encode(text), extra: null, priority: 0, ttl: 0 }
    return this.#push(conversation, encodeWholeEntry({ ...this.#header(conversation, 'bob'), version: 1, ...body }))
  }

  /** Stores a change; answers its push. */
  change(conversation: ConversationId, kind: keyof typeof ENTRY_KIND, extra: object): ServerFrame {
    const body = { id: '', type: 0, content: new Uint8Array(), extra: JSON.stringify(extra), priority: 0, ttl: 0 }
    const header = { ...this.#header(conversation, 'bob'), kind: ENTRY_KIND[kind] }
    return this.#push(conversation, encodeWholeEntry({ ...header, version: 1, ...body }))
  }

  /** Forgets everything of a conversation, as after a loss. */
  beginEpoch(conversation: ConversationId): void {
    const known = this.#of(conversation)
    known.entries.length = 0
    known.epoch++
  }

  answer(command: Command, connection: FakeConnection): void {
    switch (command.frame) {
      case 'connect':
        this.#welcome(command.ref, command.token, command.device, connection)
        break
      case 'ping':
        connection.send({ frame: 'pong', ref: command.ref, pushes: connection.pushes })
        break
      case 'send':
        this.store(command, connection)
        break
      case 'resume': {
        const pages = command.positions.map((position) => this.page(position, command.limit))
        connection.send({ frame: 'resumed', ref: command.ref, pages, errors: [] })
        break
      }
      case 'history': {
        const page = this.page({ ...command, epoch: this.#of(command.conversation).epoch, seq: 0 }, command.limit)
        connection.send({ frame: 'page', ref: command.ref, ...page })
        break
      }
      case 'conversations':
        this.#list(command.ref, command.cursor, connection)
        break
      case 'presence': {
        const items = command.users.map((user) => ({ user, state: 'online', lastSeen: 0 }) as const)
        connection.send({ frame: 'presenceList', ref: command.ref, items })
        break
      }
      case 'create':
      case 'join':
      case 'leave':
      case 'add':
      case 'remove':
      case 'role':
      case 'rename':
        connection.send({ frame: 'sent', ref: command.ref, epoch: 1, seq: 1, time: 1 })
        break
      case 'participants':
      case 'received':
      case 'read':
      case 'signal':
        break
    }
  }

  /** Stores once by id, acks, pushes to every connection. */
  store(send: Send, connection: FakeConnection): void {
    const known = this.#of(send.conversation)
    const id = messageIdOf(send.body)
    const seq = known.seqOf.get(id) ?? known.entries.length + 1
    if (!known.seqOf.has(id)) {
      const push = this.#push(send.conversation, encodeEntry(this.#header(send.conversation, 'alice'), send.body))
      for (const each of this.connections) each.send(push)
    }
    known.seqOf.set(id, seq)
    connection.send({ frame: 'sent', ref: send.ref, epoch: known.epoch, seq, time: seq })
  }

  page({ conversation, epoch, seq }: Position, limit: number): Page {
    const known = this.#of(conversation)
    const head = known.entries.length
    const recovered = epoch === known.epoch || epoch === 0
    const from = recovered ? seq : 0
    const items = known.entries.slice(from, from + limit).map((entry, i): Item => ({ prev: from + i, entry }))
    return { conversation, epoch: known.epoch, head, recovered, more: from + items.length < head, items }
  }

  #of(conversation: ConversationId): FakeConversation {
    const known = this.#conversations.get(conversation) ?? {
      epoch: 1,
      entries: [],
      seqOf: new Map<MessageId, number>(),
    }
    this.#conversations.set(conversation, known)
    return known
  }

  #header(conversation: ConversationId, sender: string) {
    const seq = this.#of(conversation).entries.length + 1
    return { kind: ENTRY_KIND.message, conversation, seq, ordinal: seq, time: seq, sender, device: 'd1' }
  }

  #push(conversation: ConversationId, entry: Uint8Array): ServerFrame {
    const { entries, epoch } = this.#of(conversation)
    entries.push(entry)
    return { frame: 'push', epoch, prev: entries.length - 1, entry }
  }

  #welcome(ref: number, token: string, device: string, connection: FakeConnection): void {
    if (token === 'bad') {
      connection.close('unauthenticated')
      return
    }
    const { ping, connections } = this
    const session = connections.length
    connection.send({ frame: 'welcome', ref, user: 'alice', device, node: 'n1', session, ping, time: Date.now() })
  }

  #list(ref: number, cursor: string, connection: FakeConnection): void {
    const ids = [...this.#conversations.keys()].sort().filter((id) => id > cursor)
    const items = ids.slice(0, 2).map((conversation) => ({ conversation, since: 1, epoch: 1 }))
    connection.send({ frame: 'conversationList', ref, items, more: ids.length > 2, epoch: 1, seq: 0 })
  }
}
