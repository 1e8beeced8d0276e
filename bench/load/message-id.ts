/**
 * Message ids for load: UUIDs of version 7 (RFC 9562, section 5.7) that rise, made without a call into crypto for each one,
 * because a generator must never be the bottleneck. Unique within a process by a counter, between processes by chance.
 */
import { randomBytes } from 'node:crypto'
import type { MessageId } from '../../protocol/ids.js'

const PROCESS = randomBytes(6).toString('latin1')
const COUNTER = 2 ** 24

let time = ''
let timeOf = 0
let counter = 0

export function nextMessageId(): MessageId {
  const now = Date.now()
  if (now !== timeOf) {
    timeOf = now
    time = String.fromCharCode(...[40, 32, 24, 16, 8, 0].map((shift) => Math.floor(now / 2 ** shift) & 0xff))
    counter = 0
  }
  counter = (counter + 1) % COUNTER
  const versioned = String.fromCharCode(0x70 | (counter >>> 20), (counter >>> 12) & 0xff)
  return time + versioned + String.fromCharCode(0x80 | ((counter >>> 6) & 0x3f), counter & 0x3f) + PROCESS
}
