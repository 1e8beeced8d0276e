/**
 * MQTT 3.1.1 over WebSocket (docs.oasis-open.org/mqtt), QoS 1 both ways, sessions that persist: a topic for each user and each group.
 * Publishes are acked by the broker in order; what arrives is acked at once, as MQTT clients do, those of one turn in one write.
 */
import type { LoadClient, LoadListener, LoadProtocol } from '../load-client.js'
import { NumbersInFlight } from './numbers-in-flight.js'
import { BINARY, WebSocketLine, type LineReader } from './web-socket-line.js'

const CONNACK = 2
const PUBLISH = 3
const PUBACK = 4
const SUBACK = 9
const KEEP_ALIVE_SECONDS = 90
const PINGREQ = '\xc0\x00'
/** Changed in place for every one that is sent. */
const puback = Buffer.from([PUBACK << 4, 2, 0, 0])

export const mqtt: LoadProtocol = {
  heartbeatSeconds: 30,
  async connect({ urls }, user, at, listener) {
    const client = new MqttClient(user, at, listener)
    await client.open(urls[at % urls.length] ?? '')
    return client
  },
}

class MqttClient implements LoadClient, LineReader {
  readonly user: string
  readonly #at: number
  readonly #listener: LoadListener
  readonly #sent = new NumbersInFlight()
  readonly #answered: (() => void)[] = []
  #line: WebSocketLine | undefined
  #packetId = 0
  #refused: (error: Error) => void = () => undefined

  constructor(user: string, at: number, listener: LoadListener) {
    this.user = user
    this.#at = at
    this.#listener = listener
  }

  async open(url: string): Promise<void> {
    this.#line = await WebSocketLine.open(url, 'mqtt', this)
    await new Promise<void>((resolve, reject) => {
      this.#answered.push(resolve)
      this.#refused = reject
      const flags = '\x00'
      this.#packet('\x10', `${text('MQTT')}\x04${flags}${uint16(KEEP_ALIVE_SECONDS)}${text(this.user)}`)
    })
    await this.#subscribe(`u/${this.user}`)
  }

  /** mosquitto puts whole packets into a frame. */
  frame(_opcode: number, bytes: Buffer, start: number, end: number): void {
    let at = start
    while (at < end) {
      let length = 0
      let body = at + 1
      for (let shift = 0, more = true; more; shift += 7, body++) {
        length |= ((bytes[body] ?? 0) & 0x7f) << shift
        more = (bytes[body] ?? 0) > 0x7f
      }
      if (body + length > end) return this.#listener.failed(this.#at, 'a packet in several frames')
      this.#take(bytes, at, body, body + length)
      at = body + length
    }
  }

  ended(reason: string): void {
    this.#refused(new Error(reason))
    this.#listener.lost(this.#at, reason)
  }

  join(group: string): Promise<void> {
    return this.#subscribe(`g/${group}`)
  }

  sendDirect(to: string, number: number, content: Uint8Array): void {
    this.#publish(`u/${to}`, number, content)
  }

  sendGroup(group: string, number: number, content: Uint8Array): void {
    this.#publish(`g/${group}`, number, content)
  }

  /** To a topic that nobody reads: only the ack comes back. */
  echo(number: number, content: Uint8Array): void {
    this.#publish('echo', number, content)
  }

  heartbeat(): void {
    this.#line?.send(BINARY, PINGREQ)
  }

  confirm(): void {}

  close(): void {
    this.#line?.close()
  }

  #take(bytes: Buffer, at: number, start: number, end: number): void {
    switch ((bytes[at] ?? 0) >> 4) {
      case PUBLISH:
        return this.#takePublish(bytes, start, end)
      case PUBACK:
        return this.#listener.acked(this.#at, this.#sent.shift())
      case CONNACK:
        if (bytes[start + 1] !== 0) return this.#refused(new Error(`refused with ${bytes[start + 1] ?? 0}`))
        return this.#answered.shift()?.()
      case SUBACK:
        return this.#answered.shift()?.()
      default:
    }
  }

  /** Only QoS 1 is asked for, so every one has a packet id after its topic. */
  #takePublish(bytes: Buffer, start: number, end: number): void {
    const id = start + 2 + bytes.readUInt16BE(start)
    puback[2] = bytes[id] ?? 0
    puback[3] = bytes[id + 1] ?? 0
    this.#listener.delivered(this.#at, bytes, id + 2, end)
    this.#line?.send(BINARY, '', puback)
  }

  #subscribe(topic: string): Promise<void> {
    this.#packet('\x82', `${uint16(this.#nextId())}${text(topic)}\x01`)
    return new Promise((resolve) => this.#answered.push(resolve))
  }

  #publish(topic: string, number: number, content: Uint8Array): void {
    this.#sent.push(number)
    this.#packet('\x32', text(topic) + uint16(this.#nextId()), content)
  }

  #nextId(): number {
    this.#packetId = (this.#packetId % 65_535) + 1
    return this.#packetId
  }

  #packet(type: string, head: string, content?: Uint8Array): void {
    this.#line?.send(BINARY, type + varint(head.length + (content?.length ?? 0)) + head, content)
  }
}

/** Bytes as Latin-1, as the line takes them. */
function uint16(number: number): string {
  return String.fromCharCode(number >> 8, number & 0xff)
}

function text(ascii: string): string {
  return uint16(ascii.length) + ascii
}

function varint(number: number): string {
  return number < 128 ? String.fromCharCode(number) : String.fromCharCode((number & 0x7f) | 0x80) + varint(number >> 7)
}
