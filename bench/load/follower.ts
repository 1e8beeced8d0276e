/**
 * Follower: one conversation as a lean device follows it over broken and stalled connections: it drops what it has, asks for what is missing, and
 * counts what it got. Nothing is lost while the server keeps its promises, and a gap that cannot be filled is counted.
 */
import type { RawPush } from '../../protocol/client/wire.js'
import { entryHeader } from '../../protocol/entry-codec.js'
import { ENTRY_KIND } from '../../protocol/entry.js'
import type { Page, Position, ServerFrame } from '../../protocol/frames.js'
import type { ConversationId } from '../../protocol/ids.js'

const PAGE = 100

/** What it needs of a raw session. */
export interface Line {
  onPush: (push: Readonly<RawPush>) => void
  onFrame: (frame: ServerFrame) => void
  readonly client: { readonly counters: { readonly pushes: number } }
  resume(positions: readonly Position[], limit: number, take: (page: Page) => void): Promise<void>
}

export class Follower {
  /** Messages so far, each once. */
  messages = 0
  /** Times the server could not continue from the position. */
  unrecovered = 0
  /** What the server said last of how far the conversation is. */
  head = 0
  readonly #conversation: ConversationId
  #line: Line | undefined
  #epoch: number
  #seq: number
  #isAsking = false

  constructor(conversation: ConversationId, { epoch, seq }: { readonly epoch: number; readonly seq: number }) {
    this.#conversation = conversation
    this.#epoch = epoch
    this.#seq = seq
  }

  get seq(): number {
    return this.#seq
  }

  /** Goes on over this connection. */
  async attach(line: Line): Promise<void> {
    this.#line = line
    line.onPush = (push) => this.#pushed(push)
    line.onFrame = (frame) => this.#told(frame)
    await this.catchUp()
  }

  /** Asks for everything after the position. */
  async catchUp(): Promise<void> {
    if (this.#isAsking) return
    this.#isAsking = true
    const position = { conversation: this.#conversation, epoch: this.#epoch, seq: this.#seq }
    await this.#line?.resume([position], PAGE, (page) => this.#take(page)).catch(() => undefined)
    this.#isAsking = false
  }

  #take({ epoch, head, recovered, items }: Page): void {
    if (!recovered) this.unrecovered += 1
    this.#epoch = epoch
    this.head = Math.max(this.head, head)
    for (const { entry } of items) {
      const { seq, kind } = entryHeader(entry)
      this.#advance(seq, kind)
    }
  }

  #pushed({ conversation, prev, seq, kind }: Readonly<RawPush>): void {
    if (conversation !== this.#conversation) return
    if (prev > this.#seq) void this.catchUp()
    else this.#advance(seq, kind)
  }

  #advance(seq: number, kind: number): void {
    if (seq <= this.#seq) return
    this.#seq = seq
    this.head = Math.max(this.head, seq)
    if (kind === ENTRY_KIND.message) this.messages += 1
  }

  /** `pong` says how many pushes there were: fewer came when the server left some out. */
  #told(frame: ServerFrame): void {
    const isBehind = frame.frame === 'pong' && frame.pushes > (this.#line?.client.counters.pushes ?? 0)
    if (frame.frame === 'resync' || frame.frame === 'head' || isBehind) void this.catchUp()
  }
}
