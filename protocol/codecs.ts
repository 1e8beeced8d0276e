/** The codec of a WebSocket subprotocol; undefined for one that is not spoken here. */
import { jsonCodec } from './codec-json.js'
import { msgpackCodec } from './codec-msgpack.js'
import { SUBPROTOCOLS } from './codec.js'
import type { Codec } from './codec.js'

export function codecFor(subprotocol: string): Codec | undefined {
  if (subprotocol === SUBPROTOCOLS.msgpack) return msgpackCodec
  return subprotocol === SUBPROTOCOLS.json ? jsonCodec : undefined
}
