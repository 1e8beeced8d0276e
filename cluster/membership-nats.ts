/**
 * Membership in a NATS key-value bucket: one key holds the newest view as JSON, so `nats kv get` shows it. Views are stored by
 * compare-and-set on the key's revision and read from the leader of the bucket's stream.
 */
import type { Logger } from '../actors/logger.js'
import type { Membership, View } from '../actors/membership.js'
import { fencedPublish } from './fenced-publish.js'
import { newestMessage } from './jetstream-api.js'
import { ensureStream, type Replicas } from './jetstream-stream.js'
import type { NatsLine } from './nats-connection.js'
import { natsNames, type NatsNames } from './nats-subjects.js'
import { decodeView, encodeView } from './view-json.js'
import { ViewWatch } from './view-watch.js'

export interface NatsMembershipOptions {
  readonly cluster: string
  readonly replicas: Replicas
  readonly log: Logger
}

const HISTORY = 5
const PROPOSE_MS = 5000

/** Makes or checks the bucket. Rejects when it is not as wanted, naming the field, or when the server is too old. */
export async function openNatsMembership(line: NatsLine, options: NatsMembershipOptions): Promise<NatsMembership> {
  const names = natsNames(options.cluster)
  await ensureStream(line, {
    name: names.viewStream,
    subjects: [`${names.viewSubject.slice(0, names.viewSubject.lastIndexOf('.'))}.>`],
    num_replicas: options.replicas,
    max_bytes: -1,
    max_msgs_per_subject: HISTORY,
    allow_rollup_hdrs: true,
  })
  return new NatsMembership(line, names, options)
}

export class NatsMembership implements Membership {
  private readonly line: NatsLine
  private readonly names: NatsNames
  private readonly options: NatsMembershipOptions
  private readonly watches: ViewWatch[] = []

  constructor(line: NatsLine, names: NatsNames, options: NatsMembershipOptions) {
    this.line = line
    this.names = names
    this.options = options
  }

  async newest(): Promise<View | null> {
    return (await this.read()).view
  }

  async propose(view: View): Promise<boolean> {
    const { view: newest, revision } = await this.read()
    if (view.number !== (newest?.number ?? 0) + 1) return false
    const fenced = { replicas: this.options.replicas, timeoutMs: PROPOSE_MS }
    const result = await fencedPublish(this.line, this.names.viewSubject, revision, encodeView(view), fenced)
    switch (result.outcome) {
      case 'stored':
        return true
      case 'refused':
        return false
      case 'unknown':
      case 'unavailable':
        throw new Error(`view ${view.number} is not stored for certain: ${result.reason}`)
    }
  }

  async watch(listener: (view: View) => void): Promise<void> {
    const watch = new ViewWatch(this.line, this.names, this.options.log, listener)
    this.watches.push(watch)
    await watch.start()
  }

  close(): Promise<void> {
    for (const watch of this.watches.splice(0)) watch.stop()
    return Promise.resolve()
  }

  private async read(): Promise<{ view: View | null; revision: number }> {
    const newest = await newestMessage(this.line, this.names.viewStream, this.names.viewSubject)
    return newest ? { view: decodeView(newest.data), revision: newest.seq } : { view: null, revision: 0 }
  }
}
