/** Nodes that talk over a bus in memory on virtual time: each has its links, and remembers the envelopes and gaps that reached it. */
import { VirtualClock } from '../clock-virtual.js'
import { MemoryBusHub } from '../bus-memory.js'
import type { NodeId } from '../bus.js'
import { Counters } from '../counters.js'
import type { Envelope } from '../envelope.js'
import { Links } from '../links.js'

export interface Heard {
  readonly from: NodeId
  readonly incarnation: number
  readonly envelope: Envelope
}

export interface Peer {
  readonly node: NodeId
  readonly links: Links
  readonly counters: Counters
  readonly heard: Heard[]
  /** Who was found to have sent something that did not arrive. */
  readonly gaps: NodeId[]
  /** What could not be read. */
  readonly faults: string[]
  incarnation: number
}

export function createNet() {
  const clock = new VirtualClock()
  const net = { losing: false }
  const hub = new MemoryBusHub({ clock, random: () => 0, loss: () => (net.losing ? 1 : 0) })
  const note = (peer: Peer, text: string): void => void peer.faults.push(text)

  const join = async (node: NodeId, take: (heard: Heard) => void = () => undefined): Promise<Peer> => {
    const counters = new Counters()
    const links: Links = new Links({
      bus: hub.bus(node),
      node,
      counters,
      log: {
        debug: () => undefined,
        info: () => undefined,
        warn: () => undefined,
        error: (_fields, text) => note(peer, text),
      },
      incarnation: () => peer.incarnation,
      wake: () => clock.turn(() => links.flush()),
      receive: (from, incarnation, envelope) => {
        peer.heard.push({ from, incarnation, envelope })
        take({ from, incarnation, envelope })
      },
      gap: (from) => void peer.gaps.push(from),
    })
    const peer: Peer = { node, links, counters, heard: [], gaps: [], faults: [], incarnation: 1 }
    await links.open()
    return peer
  }
  const step = (): Promise<void> => clock.run(clock.now())
  return { clock, hub, net, join, step }
}

/** The envelopes a peer heard since the last call. */
export const envelopesOf = (peer: Peer): Envelope[] => peer.heard.splice(0).map(({ envelope }) => envelope)
