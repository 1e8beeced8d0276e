/**
 * Bus: bytes between nodes. At most once; what arrives from one node arrives in the order it was sent, but anything may be
 * missing. `links.ts` packs envelopes into these messages, numbers them and notices what is missing.
 */
export type NodeId = string

export interface Bus {
  /** Takes what is sent to this node and what is broadcast, from now on. `receive` gets bytes that it may keep. */
  open(node: NodeId, receive: (bytes: Uint8Array) => void): Promise<void>
  /** Never throws and never waits; while the line is down, bytes are lost. */
  send(to: NodeId, bytes: Uint8Array): void
  /** To every other open node. */
  broadcast(bytes: Uint8Array): void
  /** Tells whenever the line to the bus went down (false) or came back (true). */
  onLine(listener: (up: boolean) => void): void
  close(): Promise<void>
}
