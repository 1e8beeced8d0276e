/**
 * Process traffic: people who talk without a pause while something breaks, and the check that nothing acked was lost, doubled
 * or moved: on no device, and not in history.
 */
import type { Test } from 'tap'
import type { ClientEntry, ConversationId } from '../../protocol/client/index.js'
import type { Person } from './process-person.js'
import { within } from './process-until.js'

export interface Acked {
  readonly seq: number
  readonly text: string
  /** Milliseconds since 1970. */
  readonly at: number
}

/** Messages one talker has on the way at a time. */
const WINDOW = 4
const GAP_MS = 20
const FINISH_MS = 45_000

/** One person talking in one conversation until told to stop. */
export class Talker {
  readonly person: Person
  readonly conversation: ConversationId
  readonly acked: Acked[] = []
  readonly failed: string[] = []
  readonly #lanes: Promise<void>[]
  #sent = 0
  #stopped = false

  constructor(person: Person, conversation: ConversationId) {
    this.conversation = conversation
    this.person = person
    this.#lanes = Array.from({ length: WINDOW }, () => this.#talk())
  }

  async #talk(): Promise<void> {
    while (!this.#stopped) {
      const text = `${this.person.user} ${String(this.#sent++)}`
      try {
        const { seq } = await this.person.client.send(this.conversation, { content: text })
        this.acked.push({ seq, text, at: Date.now() })
      } catch (error) {
        this.failed.push(`${text}: ${String(error)}`)
      }
      await new Promise((resolve) => setTimeout(resolve, GAP_MS))
    }
  }

  /** No more new messages; resolves when every one on the way has its answer. */
  async stop(): Promise<void> {
    this.#stopped = true
    const open = () => `${String(this.#sent - this.acked.length)} of ${String(this.#sent)}, ${this.person.client.state}`
    await within(
      `${this.person.user} gets all acks in ${this.conversation}`,
      Promise.all(this.#lanes),
      FINISH_MS,
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}; open: ${open()}`)
    })
  }
}

/** Stops all and checks that everything acked is with everybody who talked: on the device, and in history. */
export async function checkTraffic(t: Test, talkers: readonly Talker[]): Promise<void> {
  await Promise.all(talkers.map((talker) => talker.stop()))
  for (const talker of talkers) t.strictSame(talker.failed, [], 'no send failed')
  for (const { conversation, person } of talkers) {
    const acked = talkers.filter((talker) => talker.conversation === conversation).flatMap((talker) => talker.acked)
    await person.has(conversation, Math.max(...acked.map(({ seq }) => seq)))
    t.strictSame(complaints(person.of(conversation), acked), [], `${person.user} has all of ${conversation}`)
    t.strictSame(complaints(await person.history(conversation), acked), [], 'and so has history')
  }
}

/** What is wrong with a list of entries, given what was acked. Unacked messages may be in it, once. */
export function complaints(entries: readonly ClientEntry[], acked: readonly Acked[]): string[] {
  const found: string[] = []
  const bySeq = new Map(entries.map((entry) => [entry.seq, entry]))
  for (const [i, entry] of entries.entries()) {
    const before = entries[i - 1]
    if (before && entry.seq <= before.seq) found.push(`${String(entry.seq)} comes after ${String(before.seq)}`)
    if (before && entry.seq > before.seq + 1) found.push(`${String(before.seq + 1)} is missing`)
  }
  for (const { seq, text } of acked)
    if (bySeq.get(seq)?.text !== text)
      found.push(`${String(seq)} is ${String(bySeq.get(seq)?.text)} instead of ${text}`)
  const texts = entries.filter((entry) => entry.kind === 'message').map((entry) => entry.text)
  if (new Set(texts).size !== texts.length) found.push(`${String(texts.length - new Set(texts).size)} are there twice`)
  return [...found, ...outOfTurn(texts)].slice(0, 10)
}

/** Each sender's messages must stand in the order in which they were sent. */
function outOfTurn(texts: readonly string[]): string[] {
  const last = new Map<string, number>()
  return texts.flatMap((text) => {
    const [sender = '', number = ''] = text.split(' ')
    const before = last.get(sender) ?? -1
    last.set(sender, Number(number))
    return Number(number) > before ? [] : [`${text} comes after ${sender} ${String(before)}`]
  })
}
