/**
 * Close codes. The range says whether to come back (the same split as Centrifugo's):
 * 3000-3499 reconnect with back-off; 3500-3999 do not reconnect, the client or its credentials must change first.
 * Numbers and names are stable: they are never reused.
 */
export const CLOSE_CODES = {
  shutdown: { code: 3000, text: 'the node is draining; the `reconnect` frame before it says when to come back' },
  'no-heartbeat': { code: 3001, text: 'three heartbeats were missed' },
  idle: { code: 3002, text: 'nothing at all was received for the idle time' },
  unresponsive: { code: 3003, text: 'pushes stayed unacknowledged through all retries' },
  'token-expired': { code: 3004, text: 'the token expired: come back with a new one' },
  rejoining: { code: 3005, text: 'the node left the cluster and starts afresh' },
  disconnected: { code: 3006, text: 'closed by the server API; coming back is allowed' },
  'connect-timeout': { code: 3007, text: 'no connect frame arrived in time' },
  internal: { code: 3099, text: 'the server failed' },
  'bad-frame': { code: 3500, text: 'what was received is not a frame of the negotiated subprotocol' },
  unauthenticated: { code: 3501, text: 'the token was refused' },
  displaced: { code: 3503, text: 'a newer connection of the same device took over' },
  'frame-too-large': { code: 3504, text: 'a WebSocket message was over the limit' },
  revoked: { code: 3505, text: 'the user or device was revoked' },
} as const satisfies Record<string, { code: number; text: string }>

export type CloseName = keyof typeof CLOSE_CODES

/** Whether a client should reconnect after this code. Codes of others (1000-2999) count as a broken line. */
export const shouldReconnect = (code: number): boolean => code < 3500 || code > 3999
