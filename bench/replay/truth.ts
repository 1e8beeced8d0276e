/**
 * Truth: what the server acked in one conversation, by seq: the one sequence every device must have seen. Kept by the parent
 * process as acks come in, handed to the workers, which compare their devices with it.
 */
import { conflict, noFindings, type Findings } from './findings.js'

export interface Acked {
  /** False for the opening and for joins. */
  readonly isMessage: boolean
  readonly epoch: number
  readonly seq: number
  readonly hash: bigint
  /** By the monotonic clock. */
  readonly sentAt: number
}

export interface Truth {
  readonly conversation: string
  readonly epoch: number
  /** The highest acked seq. */
  readonly head: number
  readonly entries: ReadonlyMap<number, TrueEntry>
}

export type TrueEntry = Pick<Acked, 'isMessage' | 'hash' | 'sentAt'>

export class TruthKeeper {
  readonly #conversation: string
  readonly #entries = new Map<number, TrueEntry>()
  readonly #seqOf = new Map<bigint, number>()
  #epoch = 0
  #head = 0

  constructor(conversation: string) {
    this.#conversation = conversation
  }

  /** Takes one ack; acks that contradict each other are findings. */
  add({ isMessage, epoch, seq, hash, sentAt }: Acked): Findings {
    const earlier = this.#entries.get(seq)
    const elsewhere = this.#seqOf.get(hash)
    if (earlier?.hash === hash) return noFindings()
    if (earlier !== undefined) return conflict('outOfOrder', `${this.#at(seq)}: two different entries were acked`)
    if (elsewhere !== undefined)
      return conflict('duplicated', `${this.#at(seq)}: was acked at ${String(elsewhere)} too`)
    if (this.#epoch === 0) this.#epoch = epoch
    this.#entries.set(seq, { isMessage, hash, sentAt })
    this.#seqOf.set(hash, seq)
    this.#head = Math.max(this.#head, seq)
    if (epoch === this.#epoch) return noFindings()
    return conflict('outOfOrder', `${this.#at(seq)}: acked in epoch ${String(epoch)} after ${String(this.#epoch)}`)
  }

  truth(): Truth {
    return { conversation: this.#conversation, epoch: this.#epoch, head: this.#head, entries: this.#entries }
  }

  #at(seq: number): string {
    return `${this.#conversation} seq ${String(seq)}`
  }
}
