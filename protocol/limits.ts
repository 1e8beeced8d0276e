/** The sizes a client may rely on. A server may be configured lower, never higher, and says so in `welcome`. */
export const LIMITS = {
  /** Bytes of one WebSocket message from a client; more closes with `frame-too-large`. */
  inboundBytes: 256 * 1024,
  /** Frames in one WebSocket message from a client. */
  inboundFrames: 256,
  /** Bytes of a message's content. */
  contentBytes: 64 * 1024,
  /** Bytes of a message's `extra`, a JSON object in UTF-8. */
  extraBytes: 4 * 1024,
  /** Depth of objects and arrays in `extra`. */
  extraDepth: 8,
  /** Bytes of a signal's data. */
  signalBytes: 4 * 1024,
  /** Conversations in one `resume`, `received` or `read`. */
  positions: 100,
  /** Users in one `presence`, `create` or `add`. */
  users: 100,
  /** Entries in one page. */
  pageEntries: 200,
  /** Bytes of entries in one `page` or `resumed`; a longer answer says `more`. */
  pageBytes: 256 * 1024,
  /** Characters of a conversation's title. */
  titleCharacters: 200,
  /** Characters of a token. */
  tokenCharacters: 8 * 1024,
  /** Characters of the client's name in `connect`. */
  clientCharacters: 64,
  /** The highest priority of a message. */
  priority: 9,
  /** Seconds a message may ask to live: ten years. */
  ttlSeconds: 10 * 365 * 24 * 3600,
} as const
