/**
 * Target: where a load generator finds the system it talks to, and in which protocol; it crosses a process boundary.
 */
export type Target =
  | { readonly protocol: 'rookery'; readonly urls: readonly string[]; readonly secret: string }
  | { readonly protocol: PeerProtocol; readonly urls: readonly string[] }

/** `plain`: binary WebSocket messages of bench/peers/plain-relay.ts, for bare uWebSockets.js and ws. */
export type PeerProtocol = 'plain' | 'socket.io' | 'xmpp' | 'mqtt' | 'nats'
