/**
 * Day: one conversation as the replay's parent sees it. Lines wait here until the conversation is open, are counted out when
 * they go to a worker and counted in when they are acked; the day is over when its last line was.
 */
import { createHash } from 'node:crypto'
import type { ConversationId } from '../../protocol/ids.js'
import type { Line } from './chat-log.js'
import { TruthKeeper } from './truth.js'

export class Day {
  readonly name: string
  readonly conversation: ConversationId
  readonly truth: TruthKeeper
  /** Workers with a device in the conversation. */
  readonly workers = new Set<number>()
  readonly #early: Line[] = []
  #isOpen = false
  #isComplete = false
  #unsettled = 0

  constructor(name: string, run: string) {
    this.name = name
    this.conversation = dayConversation(name, run)
    this.truth = new TruthKeeper(this.conversation)
  }

  /** Counts the line out; answers whether it may go to its worker now. */
  add(line: Line): boolean {
    this.#unsettled += 1
    if (!this.#isOpen) this.#early.push(line)
    return this.#isOpen
  }

  /** The conversation exists: what waited for it. */
  open(): readonly Line[] {
    this.#isOpen = true
    return this.#early.splice(0)
  }

  /** A line was acked or refused. */
  settle(): void {
    this.#unsettled -= 1
  }

  /** The log has no more lines of this day. */
  complete(): void {
    this.#isComplete = true
  }

  get isOver(): boolean {
    return this.#isComplete && this.#unsettled === 0
  }
}

/** The group of a day in a run: a UUID of version 8 (RFC 9562, section 5.8) made of both names. */
export function dayConversation(day: string, run: string): ConversationId {
  const bytes = createHash('sha256').update(`${run}/${day}`).digest().subarray(0, 16)
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  const hex = bytes.toString('hex')
  return `g:${[hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')}`
}
