/**
 * Checked traffic: groups and pairs of devices with the whole client SDK, that write at an open rate while the cluster suffers, and at the end
 * compare, entry by entry, what each device saw and what history holds with what was acked.
 */
import { directConversation, type ConversationId } from '../../protocol/ids.js'
import { LIMITS } from '../../protocol/limits.js'
import { Latency, type LatencyData } from '../latency.js'
import { monotonic } from '../monotonic.js'
import { churnOf } from '../replay/churn.js'
import { Device, type DeviceContext, type DeviceCounters } from '../replay/device.js'
import { noFindings, together, type Findings } from '../replay/findings.js'
import { TruthKeeper, type Truth } from '../replay/truth.js'
import { verify } from '../replay/verifier.js'
import type { View } from '../replay/view.js'

export interface CheckedPlan {
  readonly urls: readonly string[]
  readonly secret: string
  readonly groups: number
  readonly groupSize: number
  /** One-to-one conversations, between neighbours of the same group. */
  readonly pairs: number
  /** Share of devices that lose their connection again and again. */
  readonly churn: number
}

export interface TrafficPlan {
  /** Messages per second, to each conversation in turn. */
  readonly rate: number
  readonly seconds: number
  readonly bytes: number
}

/** One acked send; times by the monotonic clock, milliseconds. */
export interface AckedSend {
  readonly conversation: ConversationId
  readonly intended: number
  readonly acked: number
}

export interface TrafficResult {
  readonly acks: readonly AckedSend[]
  readonly refusals: readonly string[]
}

export interface Judgement {
  readonly findings: Findings
  readonly delivered: number
  readonly delivery: LatencyData
  readonly counters: DeviceCounters
}

interface Talk {
  readonly conversation: ConversationId
  readonly members: readonly Device[]
  readonly truth: TruthKeeper
  /** From which seq each member may see it. */
  readonly from: number[]
}

const TICK_MS = 5
const PATIENCE_MS = 60_000

export class CheckedTraffic {
  readonly counters: DeviceCounters = { connects: 0, drops: 0, absences: 0, late: 0, unrecovered: 0 }
  readonly #context: DeviceContext
  readonly #plan: CheckedPlan
  readonly #talks: Talk[] = []
  #findings = noFindings()
  #sent = 0

  constructor(plan: CheckedPlan, context: DeviceContext) {
    this.#plan = plan
    this.#context = context
  }

  /** Resolves when every device takes part in its conversations; answers their ids. */
  async open(): Promise<ConversationId[]> {
    const { groups, groupSize, pairs } = this.#plan
    const devices = Array.from({ length: groups * groupSize }, (_, at) => this.#device(at))
    const opening = Array.from({ length: groups }, (_, at) => {
      return this.#openGroup(at, devices.slice(at * groupSize, (at + 1) * groupSize))
    })
    await Promise.all(opening)
    for (let at = 0; at < pairs; at++) this.#openPair(devices.slice(2 * at, 2 * at + 2))
    return this.#talks.map(({ conversation }) => conversation)
  }

  async run({ rate, seconds, bytes }: TrafficPlan): Promise<TrafficResult> {
    const sends: Promise<AckedSend | string>[] = []
    const start = monotonic()
    const gap = 1000 / rate
    while (monotonic() < start + seconds * 1000) {
      for (let due = start + sends.length * gap; due <= monotonic(); due = start + sends.length * gap) {
        sends.push(this.#send(due, bytes))
      }
      await new Promise((resolve) => setTimeout(resolve, TICK_MS))
    }
    const outcomes = await Promise.all(sends)
    return {
      acks: outcomes.filter((outcome) => typeof outcome !== 'string'),
      refusals: outcomes.filter((outcome) => typeof outcome === 'string'),
    }
  }

  /** Waits until every device has seen everything, and compares. */
  async judge(): Promise<Judgement> {
    const delivery = new Latency()
    let delivered = 0
    await Promise.all(this.#talks.map(seenToTheEnd))
    for (const talk of this.#talks) {
      const truth = talk.truth.truth()
      for (const [at, device] of talk.members.entries()) {
        const view = device.take(truth.conversation)
        const rows = view.rows()
        const from = talk.from[at] ?? 1
        this.#found(verify(truth, { by: device.user, from, isWhole: false, rows }))
        delivered += recordDeliveries(truth, view, delivery)
      }
      await this.#judgeHistory(truth, talk.members[0])
    }
    return { findings: this.#findings, delivered, delivery: delivery.data(), counters: this.counters }
  }

  async #judgeHistory(truth: Truth, device: Device | undefined): Promise<void> {
    const view = await device?.history(truth.conversation, LIMITS.pageEntries)
    if (view === undefined || truth.head === 0) return
    this.#found(verify(truth, { by: 'history', from: 1, isWhole: true, rows: view.rows() }))
  }

  #device(at: number): Device {
    const user = `checked-${String(at)}`
    return new Device(user, churnOf(user, '1', this.#plan.churn), this.#context, this.counters)
  }

  async #openGroup(at: number, members: readonly Device[]): Promise<void> {
    const conversation = `g:00000000-0000-4000-8000-${String(at).padStart(12, '0')}`
    const talk: Talk = { conversation, members, truth: new TruthKeeper(conversation), from: [] }
    this.#talks.push(talk)
    for (const [number, device] of members.entries()) {
      const entering = number === 0 ? device.open(conversation, 'checked') : device.join(conversation)
      const { acked } = await entering
      this.#found(talk.truth.add(acked))
      talk.from.push(acked.seq)
    }
  }

  #openPair(members: readonly Device[]): void {
    const [one, other] = members
    if (one === undefined || other === undefined) throw new Error('more pairs than devices')
    const conversation = directConversation(one.user, other.user)
    for (const device of members) device.watch(conversation)
    this.#talks.push({ conversation, members, truth: new TruthKeeper(conversation), from: [] })
  }

  /** Answers the reason when it was not acked. */
  async #send(intended: number, bytes: number): Promise<AckedSend | string> {
    const number = this.#sent++
    const talk = this.#talks[number % this.#talks.length]
    if (talk === undefined) throw new Error('traffic before open')
    const { conversation, members, truth } = talk
    const sender = members[Math.floor(number / this.#talks.length) % members.length] as Device
    const content = Buffer.alloc(bytes, 'rookery ')
    content.writeDoubleLE(number)
    try {
      const { acked } = await sender.send(conversation, content)
      this.#found(truth.add(acked))
      return { conversation, intended, acked: monotonic() }
    } catch (error) {
      return `${conversation}: ${String(error)}`
    }
  }

  #found(findings: Findings): void {
    this.#findings = together(this.#findings, findings)
  }
}

async function seenToTheEnd({ members, truth }: Talk): Promise<void> {
  const { conversation, head } = truth.truth()
  await Promise.all(members.map((device) => device.reached(conversation, head, PATIENCE_MS)))
}

function recordDeliveries({ entries }: Truth, view: View, delivery: Latency): number {
  let delivered = 0
  for (const { seq, arrival } of view.rows()) {
    const sentAt = entries.get(seq)?.sentAt
    if (Number.isNaN(arrival) || sentAt === undefined) continue
    delivered += 1
    delivery.record(arrival - sentAt)
  }
  return delivered
}
