/**
 * NATS names: every subject and stream name of a cluster is made here, and only from a cluster name and node ids that keep to
 * their grammar and from numbers. NATS does not check subjects on publish, so nothing a client sent may get into one.
 */
import type { NodeId } from '../actors/bus.js'
import type { ShardId } from '../actors/journal.js'

const CLUSTER = /^[a-z][a-z0-9-]{0,31}$/
const NODE = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/

export interface NatsNames {
  nodeSubject(node: NodeId): string
  readonly allSubject: string
  journalSubject(shard: ShardId): string
  /** Stream number `index`, from 0. */
  journalStream(index: number): string
  readonly viewStream: string
  readonly viewSubject: string
}

/** A node id that may stand in a subject: 1 to 64 characters of `A-Z a-z 0-9 _ -`, beginning with a letter or digit. */
export const isNodeId = (text: string): text is NodeId => NODE.test(text)

/** Throws when the cluster's name is not 1 to 32 characters of `a-z 0-9 -`, beginning with a letter. */
export function natsNames(cluster: string): NatsNames {
  if (!CLUSTER.test(cluster)) throw new Error(`cluster name ${JSON.stringify(cluster)} is not like "chat-1"`)
  const upper = cluster.toUpperCase()
  return {
    nodeSubject: (node) => `rookery.${cluster}.node.${checkedNode(node)}`,
    allSubject: `rookery.${cluster}.all`,
    journalSubject: (shard) => `rookery.${cluster}.journal.${shard}`,
    journalStream: (index) => `ROOKERY_${upper}_${index}`,
    viewStream: `KV_ROOKERY_${upper}_VIEW`,
    viewSubject: `$KV.ROOKERY_${upper}_VIEW.view`,
  }
}

function checkedNode(node: NodeId): NodeId {
  if (!isNodeId(node)) throw new Error(`node id ${JSON.stringify(node)} is not of letters, digits, _ and -`)
  return node
}
