/**
 * XMPP over WebSocket (RFC 7395), SASL PLAIN, for ejabberd; the content travels in base64 as the body. A direct message is acked by
 * stream management (XEP-0198), which counts a stanza only after the archive took it, one request under way at a time; it is enabled
 * by the first one, since it would more than double what a message to a room costs the server. A room (XEP-0045) archives a message
 * before it sends it to all, so one's own coming back is its ack. Names must be in lower case.
 */
import type { LoadClient, LoadListener, LoadProtocol } from '../load-client.js'
import { decodeContent, encodeContent } from './base64-content.js'
import { NumbersInFlight } from './numbers-in-flight.js'
import { TEXT, WebSocketLine, type LineReader } from './web-socket-line.js'

export const XMPP_HOST = 'localhost'
export const XMPP_ROOMS = `conference.${XMPP_HOST}`

const OPEN = `<open xmlns="urn:ietf:params:xml:ns:xmpp-framing" to="${XMPP_HOST}" version="1.0"/>`
const RESOURCE = 'load'
const BIND = `<iq type="set" id="bind"><bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"><resource>${RESOURCE}</resource></bind></iq>`
const ENABLE = '<enable xmlns="urn:xmpp:sm:3"/>'
const ASK = '<r xmlns="urn:xmpp:sm:3"/>'
const LETTER = { a: 0x61, e: 0x65, i: 0x69, m: 0x6d, p: 0x70, r: 0x72 } as const

export const xmpp: LoadProtocol = {
  heartbeatSeconds: 30,
  async connect({ urls }, user, at, listener) {
    const client = new XmppClient(user, at, listener)
    await client.open(urls[at % urls.length] ?? '')
    return client
  },
}

class XmppClient implements LoadClient, LineReader {
  readonly user: string
  readonly #at: number
  readonly #listener: LoadListener
  readonly #sent = new NumbersInFlight()
  /** By the address whose presence tells that it is done. */
  readonly #entering = new Map<string, () => void>()
  #line: WebSocketLine | undefined
  /** Takes what comes while a step of logging in waits for its answer. */
  #login: { take(stanza: string): void; fail(error: Error): void } | undefined
  #isManaged = false
  /** Stanzas of ours that the server took and of it that we took, since stream management is enabled. */
  #taken = 0
  #received = 0
  #asked = false

  constructor(user: string, at: number, listener: LoadListener) {
    this.user = user
    this.#at = at
    this.#listener = listener
  }

  async open(url: string): Promise<void> {
    this.#line = await WebSocketLine.open(url, 'xmpp', this)
    const secret = Buffer.from(`\0${this.user}\0${this.user}`).toString('base64')
    await this.#ask(OPEN, '<stream:features')
    await this.#ask(`<auth xmlns="urn:ietf:params:xml:ns:xmpp-sasl" mechanism="PLAIN">${secret}</auth>`, '<success')
    await this.#ask(OPEN, '<stream:features')
    await this.#ask(BIND, '<iq')
    await this.#enter('<presence/>', `${this.user}@${XMPP_HOST}/${RESOURCE}`)
  }

  frame(_opcode: number, bytes: Buffer, start: number, end: number): void {
    if (this.#login !== undefined) return this.#login.take(bytes.toString('utf8', start, end))
    switch (bytes[start + 1]) {
      case LETTER.m:
        this.#received += 1
        return this.#takeMessage(bytes, start, end)
      case LETTER.a:
        return this.#takeAnswer(bytes.toString('latin1', start, end))
      case LETTER.r:
        return this.#write(`<a xmlns="urn:xmpp:sm:3" h="${this.#received}"/>`)
      case LETTER.p:
        this.#received += 1
        return this.#takePresence(bytes.toString('latin1', start, end))
      case LETTER.i:
        this.#received += 1
        return this.#takeResult(bytes.toString('latin1', start, end))
      case LETTER.e:
        this.#received = 0
        return
      default:
    }
  }

  ended(reason: string): void {
    this.#login?.fail(new Error(reason))
    this.#listener.lost(this.#at, reason)
  }

  join(group: string): Promise<void> {
    const history = '<x xmlns="http://jabber.org/protocol/muc"><history maxstanzas="0"/></x>'
    const place = `${group}@${XMPP_ROOMS}/${this.user}`
    return this.#enter(`<presence to="${place}">${history}</presence>`, place)
  }

  sendDirect(to: string, number: number, content: Uint8Array): void {
    if (!this.#isManaged) this.#write(ENABLE)
    this.#isManaged = true
    this.#send(`<message type="chat" to="${to}@${XMPP_HOST}"><body>${encodeContent(content)}</body></message>`, number)
    this.#askForAnswer()
  }

  sendGroup(group: string, _number: number, content: Uint8Array): void {
    const body = `<body>${encodeContent(content)}</body>`
    this.#send(`<message type="groupchat" to="${group}@${XMPP_ROOMS}">${body}</message>`, NaN)
  }

  /** A ping (XEP-0199): only its result comes back. */
  echo(number: number, _content: Uint8Array): void {
    this.#send(`<iq type="get" id="e${number}" to="${XMPP_HOST}"><ping xmlns="urn:xmpp:ping"/></iq>`, NaN)
  }

  /** The server pings. */
  heartbeat(): void {}

  confirm(): void {}

  close(): void {
    this.#line?.close()
  }

  #takeMessage(bytes: Buffer, start: number, end: number): void {
    const tag = bytes.indexOf('<body>', start, 'latin1')
    if (tag < 0 || tag > end) return
    const body = tag + '<body>'.length
    const content = decodeContent(bytes, body, bytes.indexOf('<', body, 'latin1'))
    const head = bytes.toString('latin1', start, body)
    if (head.includes(" type='error'")) return this.#listener.failed(this.#at, bytes.toString('utf8', start, end))
    if (head.includes(`@${XMPP_ROOMS}/${this.user}'`)) {
      this.#listener.acked(this.#at, new DataView(content.buffer, content.byteOffset).getFloat64(0, true))
    }
    this.#listener.delivered(this.#at, content, 0, content.length)
  }

  #takeAnswer(stanza: string): void {
    const handled = Number(/ h='(\d+)'/.exec(stanza)?.[1] ?? 0)
    for (; this.#taken < handled; this.#taken++) {
      const number = this.#sent.shift()
      if (!Number.isNaN(number)) this.#listener.acked(this.#at, number)
    }
    this.#asked = false
    if (this.#sent.count > 0) this.#askForAnswer()
  }

  #takePresence(stanza: string): void {
    if (stanza.includes(" type='error'")) return this.#listener.failed(this.#at, stanza)
    const place = / from='([^']+)'/.exec(stanza)?.[1] ?? ''
    this.#entering.get(place)?.()
    this.#entering.delete(place)
  }

  #takeResult(stanza: string): void {
    const number = / id='e(\d+)'/.exec(stanza)?.[1]
    if (number !== undefined) this.#listener.acked(this.#at, Number(number))
  }

  /** Resolves at the first stanza that begins like that; the server may say other things before. */
  #ask(stanza: string, beginning: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const take = (answer: string) => {
        const refused = /^<(failure|failed|close|stream:error)/.test(answer)
        if (!refused && !answer.startsWith(beginning)) return
        this.#login = undefined
        if (refused) reject(new Error(answer))
        else resolve()
      }
      this.#login = { take, fail: reject }
      this.#write(stanza)
    })
  }

  #enter(presence: string, place: string): Promise<void> {
    this.#send(presence, NaN)
    return new Promise((resolve) => this.#entering.set(place, resolve))
  }

  #askForAnswer(): void {
    if (this.#asked) return
    this.#asked = true
    this.#write(ASK)
  }

  #send(stanza: string, number: number): void {
    if (this.#isManaged) this.#sent.push(number)
    this.#write(stanza)
  }

  #write(stanza: string): void {
    this.#line?.send(TEXT, stanza)
  }
}
