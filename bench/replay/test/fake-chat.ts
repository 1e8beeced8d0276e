/**
 * Fake chat: one process's worth of a server and the SDK in front of it, for tests of what the replay makes of them. It keeps
 * the promises unless told to break one: `tamper` decides what a device is given instead of an entry.
 */
import { v7 } from 'uuid'
import { ClientEntry } from '../../../protocol/client/client-entry.js'
import type { ClientStorage } from '../../../protocol/client/storage.js'
import { ENTRY_KIND, MESSAGE_TYPE, type Entry } from '../../../protocol/entry.js'
import { parseMessageId } from '../../../protocol/ids.js'
import type { Connection, DeviceClient } from '../device.js'

type Tamper = (entry: ClientEntry, user: string) => readonly ClientEntry[]

interface Group {
  readonly entries: ClientEntry[]
  /** First seq each member may see. */
  readonly members: Map<string, number>
}

export class FakeChat {
  tamper: Tamper = (entry) => [entry]
  /** Permanent refusal of sends. */
  isMute = false
  readonly #groups = new Map<string, Group>()
  readonly #online = new Map<string, (entry: ClientEntry) => void>()

  /** A client with the storage's positions; it is given what it missed when it connects. */
  connection(user: string, storage: ClientStorage): Connection {
    let listener: (entry: ClientEntry) => void = () => undefined
    const deliver = (entry: ClientEntry) => {
      const { conversation, epoch, seq, time } = entry
      void storage.savePositions([{ conversation, epoch, seq, time }])
      listener(entry)
    }
    const client = {
      connect: () => this.#connect(user, storage, deliver),
      close: () => Promise.resolve(void this.#online.delete(user)),
      on: (name: string, added: (entry: ClientEntry) => void) => {
        if (name === 'entry') listener = added
      },
      create: (conversation: string) => this.#create(conversation, user),
      join: (conversation: string) => this.#join(conversation, user),
      send: (conversation: string, { content }: { content: Uint8Array }) => this.#send(conversation, user, content),
      history: (conversation: string, { after, limit }: { after: number; limit: number }) =>
        this.#history(conversation, after, limit),
    }
    return { client: client as unknown as DeviceClient, breakSocket: () => undefined }
  }

  async #connect(user: string, storage: ClientStorage, deliver: (entry: ClientEntry) => void): Promise<void> {
    const { positions } = await storage.load()
    for (const [conversation, { entries, members }] of this.#groups) {
      const seen = positions.find((position) => position.conversation === conversation)?.seq ?? 0
      const from = Math.max(seen + 1, members.get(user) ?? Infinity)
      for (const entry of entries.slice(from - 1)) deliver(entry)
    }
    this.#online.set(user, (entry) => this.tamper(entry, user).forEach(deliver))
  }

  #create(conversation: string, user: string) {
    this.#groups.set(conversation, { entries: [], members: new Map([[user, 1]]) })
    return Promise.resolve(this.#append(conversation, user, 'created', new Uint8Array()))
  }

  #join(conversation: string, user: string) {
    const group = this.#group(conversation)
    group.members.set(user, group.entries.length + 1)
    return Promise.resolve(this.#append(conversation, user, 'joined', new Uint8Array()))
  }

  #send(conversation: string, user: string, content: Uint8Array) {
    if (this.isMute) return Promise.reject(new Error('not-allowed'))
    return Promise.resolve(this.#append(conversation, user, 'message', content))
  }

  #history(conversation: string, after: number, limit: number) {
    const { entries } = this.#group(conversation)
    const page = entries.slice(after, after + limit).flatMap((entry) => this.tamper(entry, 'history'))
    return Promise.resolve({ entries: page, more: after + limit < entries.length })
  }

  #append(conversation: string, sender: string, kind: 'created' | 'joined' | 'message', content: Uint8Array) {
    const { entries, members } = this.#group(conversation)
    const entry: Entry = {
      ...{ version: 1, conversation, sender, device: 'replay', content, seq: entries.length + 1, ordinal: 0, time: 0 },
      ...{ id: parseMessageId(v7()) ?? '', extra: null, priority: 0, ttl: 0 },
      kind: ENTRY_KIND[kind],
      type: kind === 'message' ? MESSAGE_TYPE.text : 0,
    }
    const seenBy = (user: string) => new ClientEntry(entry, 1, user)
    entries.push(seenBy(sender))
    for (const member of members.keys()) this.#online.get(member)?.(seenBy(member))
    return seenBy(sender)
  }

  #group(conversation: string): Group {
    const group = this.#groups.get(conversation)
    if (group === undefined) throw new Error(`no ${conversation}`)
    return group
  }
}
