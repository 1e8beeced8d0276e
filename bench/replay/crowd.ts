/**
 * Crowd: the devices of one worker process. It makes a device when its nick first speaks, has it join and send, and at the
 * end of a conversation waits for the devices in it, judges what they saw and lets them go. Devices that are not needed
 * keep their sockets up to a bound, the longest idle goes first.
 */
import { LIMITS } from '../../protocol/limits.js'
import { Latency } from '../latency.js'
import { churnOf } from './churn.js'
import { Device, type Ack, type DeviceContext, type DeviceCounters } from './device.js'
import { noFindings, together, type Findings } from './findings.js'
import { nickToUser } from './nick.js'
import type { Report, WorkerSettings } from './orders.js'
import type { Truth } from './truth.js'
import { verify } from './verifier.js'
import type { View } from './view.js'

type What = 'opened' | 'joined' | 'message'

/** A device in a conversation: the ack that let it in, undefined when it never came in. */
interface Part {
  readonly device: Device
  readonly entered: Promise<Ack | undefined>
  readonly isOpener: boolean
}

export class Crowd {
  readonly latency = new Latency()
  readonly counters: DeviceCounters = { connects: 0, drops: 0, absences: 0, late: 0, unrecovered: 0 }
  readonly #settings: WorkerSettings
  readonly #context: DeviceContext
  readonly #report: (report: Report) => void
  readonly #devices = new Map<string, Device>()
  readonly #parts = new Map<string, Map<string, Part>>()
  /** Connected without need, the longest idle first. */
  readonly #idle = new Set<Device>()

  constructor(settings: WorkerSettings, context: DeviceContext, report: (report: Report) => void) {
    this.#settings = settings
    this.#context = context
    this.#report = report
  }

  open(conversation: string, nick: string, title: string): void {
    this.#enter(conversation, nick, true, (device) => device.open(conversation, title))
  }

  speak(conversation: string, nick: string, text: Uint8Array): void {
    const known = this.#parts.get(conversation)?.get(nick)
    const part = known ?? this.#enter(conversation, nick, false, (device) => device.join(conversation))
    void this.#settle(conversation, 'message', this.#send(part, conversation, text))
  }

  /** Resolves when every device was judged and reported. */
  async finish(truth: Truth): Promise<void> {
    const { conversation } = truth
    const parts = [...(this.#parts.get(conversation)?.values() ?? [])]
    const judged = await Promise.all(parts.map((part) => this.#judge(truth, part)))
    this.#parts.delete(conversation)
    for (const { device } of parts) await this.#release(device)
    const findings = judged.reduce((sum, one) => together(sum, one.findings), noFindings())
    const delivered = judged.reduce((sum, one) => sum + one.delivered, 0)
    this.#report({ report: 'finished', conversation, findings, delivered, devices: parts.length })
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#devices.values()].map((device) => device.rest()))
  }

  #enter(conversation: string, nick: string, isOpener: boolean, how: (device: Device) => Promise<Ack>): Part {
    const device = this.#device(nick)
    this.#idle.delete(device)
    const entered = this.#settle(conversation, isOpener ? 'opened' : 'joined', how(device))
    const part = { device, entered, isOpener }
    const parts = this.#parts.get(conversation) ?? new Map<string, Part>()
    this.#parts.set(conversation, parts.set(nick, part))
    return part
  }

  #device(nick: string): Device {
    const known = this.#devices.get(nick)
    if (known !== undefined) return known
    const user = nickToUser(nick, this.#settings.run)
    const churn = churnOf(user, this.#settings.seed, this.#settings.churn)
    const device = new Device(user, churn, this.#context, this.counters)
    this.#devices.set(nick, device)
    return device
  }

  async #send({ device, entered }: Part, conversation: string, text: Uint8Array): Promise<Ack> {
    if ((await entered) === undefined) throw new Error('its sender could not come in')
    return device.send(conversation, text)
  }

  async #settle(conversation: string, what: What, asked: Promise<Ack>): Promise<Ack | undefined> {
    try {
      const ack = await asked
      this.#report({ report: 'acked', conversation, what, ...ack })
      return ack
    } catch (error) {
      this.#report({ report: 'refused', conversation, what, text: `${what} in ${conversation}: ${String(error)}` })
      return undefined
    }
  }

  async #judge(truth: Truth, { device, entered, isOpener }: Part): Promise<{ findings: Findings; delivered: number }> {
    const ack = await entered
    if (ack === undefined) return { findings: noFindings(), delivered: 0 }
    await device.reached(truth.conversation, truth.head, this.#settings.patienceMs)
    const view = device.take(truth.conversation)
    const seen = verify(truth, { by: device.user, from: ack.acked.seq, isWhole: false, rows: view.rows() })
    const stored = isOpener && this.#settings.checkHistory ? await this.#judgeHistory(truth, device) : noFindings()
    return { findings: together(seen, stored), delivered: this.#countDeliveries(truth, view, device) }
  }

  async #judgeHistory(truth: Truth, device: Device): Promise<Findings> {
    const view = await device.history(truth.conversation, LIMITS.pageEntries)
    return verify(truth, { by: 'history', from: 1, isWhole: true, rows: view.rows() })
  }

  /** A restless device was away on purpose: what it got late says nothing about latency. */
  #countDeliveries(truth: Truth, view: View, device: Device): number {
    let delivered = 0
    for (const { seq, arrival } of view.rows()) {
      if (Number.isNaN(arrival)) continue
      delivered += 1
      const sentAt = truth.entries.get(seq)?.sentAt
      if (sentAt !== undefined && !device.churn.restless) this.latency.record(arrival - sentAt)
    }
    return delivered
  }

  async #release(device: Device): Promise<void> {
    if (device.isNeeded || !device.isConnected) return
    this.#idle.add(device)
    const [longest] = this.#idle
    if (this.#idle.size <= this.#settings.sockets || longest === undefined) return
    this.#idle.delete(longest)
    await longest.rest()
  }
}
