/**
 * Counters: what a node counts while it works, as plain numbers in one object. Nothing here knows Prometheus;
 * cluster/metrics.ts reads this object when it is scraped and gives each field its name and help.
 */

/** Upper bounds of latency buckets in seconds; one more bucket takes what is above. */
export const LATENCY_BOUNDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const
/** Upper bounds of size buckets (entries in a record, messages in a batch). */
export const SIZE_BOUNDS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000] as const

/** A histogram of fixed buckets; `observe` allocates nothing. */
export class Histogram {
  readonly bounds: readonly number[]
  /** Observations per bucket, not cumulative; one longer than `bounds`. */
  readonly buckets: Float64Array
  sum = 0
  count = 0
  constructor(bounds: readonly number[]) {
    this.bounds = bounds
    this.buckets = new Float64Array(bounds.length + 1)
  }
  observe(value: number): void {
    let i = 0
    while (i < this.bounds.length && value > (this.bounds[i] as number)) i++
    this.buckets[i] = (this.buckets[i] as number) + 1
    this.sum += value
    this.count++
  }
}

export class Counters {
  /** Connections open now, and sessions among them (authenticated). */
  connections = 0
  sessions = 0
  connectsAccepted = 0
  connectsRefused = 0
  /** Sends by outcome. */
  sendsAcked = 0
  sendsDuplicate = 0
  sendsRefused = 0
  sendsTemporary = 0
  signals = 0
  /** Push frames handed to sockets, repeats of them, and acknowledged by devices. */
  pushes = 0
  pushRetries = 0
  pushesReceived = 0
  /** Sessions switched from push to paging. */
  slowReaders = 0
  sessionsUnresponsive = 0
  resumes = 0
  resumesNotRecovered = 0
  /** Frames that were not what the wire document says. */
  badFrames = 0
  bytesIn = 0
  bytesOut = 0
  outboxBytes = 0
  deadLetters = 0
  mailboxOverflows = 0
  actorFailures = 0
  busMessagesOut = 0
  busMessagesIn = 0
  busEnvelopesOut = 0
  busGaps = 0
  viewsSeen = 0
  shardsOwned = 0
  shardsTaken = 0
  shardsLost = 0
  fenceRefusals = 0
  appendsUnknown = 0
  epochsBegun = 0
  conversationsActive = 0
  /** Entries stored in the journal, and archived from it; the difference is the history lag. */
  entriesAppended = 0
  entriesArchived = 0
  unarchivedBytes = 0
  quarantined = 0
  /** Stages of the message path, seconds. */
  readonly mailboxSeconds = new Histogram(LATENCY_BOUNDS)
  readonly journalSeconds = new Histogram(LATENCY_BOUNDS)
  readonly routeSeconds = new Histogram(LATENCY_BOUNDS)
  readonly deliverySeconds = new Histogram(LATENCY_BOUNDS)
  readonly deviceAckSeconds = new Histogram(LATENCY_BOUNDS)
  readonly recordEntries = new Histogram(SIZE_BOUNDS)
  readonly archiveEntries = new Histogram(SIZE_BOUNDS)
}
