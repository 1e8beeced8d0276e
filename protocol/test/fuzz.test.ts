/** Hostile bytes: bombs are refused before they cost anything, and no bytes at all make a decoder throw. */
import { encode } from '@msgpack/msgpack'
import fc from 'fast-check'
import t from 'tap'
import type { Codec } from '../codec.js'
import { FrameError } from '../codec.js'
import { jsonCodec } from '../codec-json.js'
import { msgpackCodec } from '../codec-msgpack.js'
import { decodeEntry } from '../entry-codec.js'
import { MsgpackError } from '../msgpack.js'
import { LIMITS } from '../limits.js'
import * as arbitrary from './arbitraries.js'
import { decoded } from './outcome.js'

const MESSAGES = 100_000
const SAMPLES = 400

/** Small, repeatable and fast: mulberry32. */
function numbersFrom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let n = Math.imul(state ^ (state >>> 15), 1 | state)
    n = (n + Math.imul(n ^ (n >>> 7), 61 | n)) ^ n
    return ((n ^ (n >>> 14)) >>> 0) % below
  }
}

/** Bytes that mean something to one of the decoders. */
const TELLING = [
  0,
  0x7f,
  0x80,
  0x90,
  0x9f,
  0xc0,
  0xc1,
  0xc4,
  0xc6,
  0xca,
  0xcf,
  0xd3,
  0xd9,
  0xdb,
  0xdc,
  0xdd,
  0xdf,
  0xff,
  ...Buffer.from('{}[]":,\\u\n0'),
]

function mutated(sample: Uint8Array, below: (n: number) => number): Uint8Array {
  const bytes = Buffer.from(sample)
  for (let n = below(4); n > 0 && bytes.length > 0; n--) {
    const at = below(bytes.length)
    bytes[at] = below(2) === 0 ? below(256) : (TELLING[below(TELLING.length)] ?? 0)
  }
  return below(8) === 0 ? bytes.subarray(0, below(bytes.length + 1)) : bytes
}

const random = (below: (n: number) => number): Uint8Array => Uint8Array.from({ length: below(64) }, () => below(256))

function fuzz(codec: Codec, samples: readonly Uint8Array[], messages: number, take: (bytes: Uint8Array) => void): void {
  const below = numbersFrom(codec.name.length)
  for (let i = 0; i < messages; i++) {
    const sample = samples[below(samples.length)] ?? new Uint8Array()
    take(below(10) === 0 ? random(below) : mutated(sample, below))
  }
}

for (const codec of [msgpackCodec, jsonCodec]) {
  t.test(`fuzz ${codec.name}: the server's decoder never throws and foresees every fault`, async (t) => {
    const commands = fc
      .sample(arbitrary.command, { numRuns: SAMPLES, seed: 1 })
      .map((command) => codec.encodeCommand(command))
    const seen = { commands: 0, faults: 0, unforeseen: 0, long: 0 }
    fuzz(codec, commands, MESSAGES / 2, (bytes) => {
      const { commands, faults, order } = decoded(codec, bytes)
      seen.commands += commands.length
      seen.faults += faults.length
      if (faults.some(({ error }) => error === 'internal')) seen.unforeseen++
      if (order.length > LIMITS.inboundFrames + 1) seen.long++
    })
    t.match(seen, { unforeseen: 0, long: 0 })
    t.ok(seen.commands > 1000 && seen.faults > 1000, `not only one of both: ${JSON.stringify(seen)}`)
  })

  t.test(`fuzz ${codec.name}: the client's decoder throws nothing but FrameError, foreseen`, async (t) => {
    const frames = fc
      .sample(arbitrary.serverFrame, { numRuns: SAMPLES, seed: 2 })
      .map((frame) => codec.encodeServerFrame(frame))
    let unforeseen = 0
    fuzz(codec, frames, MESSAGES / 10, (bytes) => {
      try {
        codec.decodeServerFrames(bytes)
      } catch (error) {
        if (!(error instanceof FrameError) || error.error === 'internal') unforeseen++
      }
    })
    t.equal(unforeseen, 0)
  })
}

t.test('fuzz entry: reading one throws nothing but MsgpackError', async (t) => {
  const samples = fc.sample(arbitrary.serverFrames.push, { numRuns: SAMPLES, seed: 3 }).map(({ entry }) => entry)
  let unforeseen = 0
  fuzz(msgpackCodec, samples, MESSAGES / 10, (bytes) => {
    try {
      decodeEntry(bytes)
    } catch (error) {
      if (!(error instanceof MsgpackError)) unforeseen++
    }
  })
  t.equal(unforeseen, 0)
})

/** Bytes whose decoding into values would take thousands of times their size, or the whole stack. */
const MSGPACK_BOMBS: Readonly<Record<string, Uint8Array>> = {
  'nested arrays': new Uint8Array(LIMITS.inboundBytes).fill(0x91),
  'nested long arrays': Buffer.alloc(LIMITS.inboundBytes, Buffer.from('ddffffffff', 'hex')),
  'nested maps': Buffer.alloc(LIMITS.inboundBytes, Buffer.from('81a0', 'hex')),
  'a huge list': Buffer.from('9204ddffffffff', 'hex'),
  'a huge text': Buffer.from('930b01dbffffffff', 'hex'),
  'a huge content': Buffer.concat([
    encode([3, 1, 'r:x', null, null, 1]).fill(0x9a, 0, 1),
    Buffer.from('c6ffffffff', 'hex'),
  ]),
  'nested arrays in a field': Buffer.concat([Buffer.from('930b01', 'hex'), new Uint8Array(1000).fill(0x91)]),
}

for (const [name, bomb] of Object.entries(MSGPACK_BOMBS))
  t.test(`fuzz msgpack: a bomb of ${name} is one fault and ends the connection`, async (t) => {
    const { commands, faults } = decoded(msgpackCodec, bomb)
    t.strictSame(commands, [])
    t.strictSame(
      faults.map(({ close }) => close),
      ['bad-frame'],
    )
  })

const JSON_BOMBS: Readonly<Record<string, string>> = {
  'nested arrays': '['.repeat(LIMITS.inboundBytes),
  'nested objects': '{"a":'.repeat(LIMITS.inboundBytes / 5),
  'nested extra': `{"frame":"send","ref":1,"conversation":"r:x","type":"text","content":"","extra":${'{"a":'.repeat(50_000)}`,
  'a list far over its limit': `{"frame":"received","positions":[${'0,'.repeat(100_000)}0]}`,
  'an object of very many keys': `{"frame":"ping",${Array.from({ length: 20_000 }, (_, i) => `"${i}":0`).join(',')}}`,
}

for (const [name, bomb] of Object.entries(JSON_BOMBS))
  t.test(`fuzz json: a bomb of ${name} is one fault`, async (t) => {
    const { commands, faults } = decoded(jsonCodec, bomb)
    t.strictSame(commands, [])
    t.equal(faults.length, 1)
    t.ok((faults[0]?.message.length ?? 0) < 100, 'its detail is short')
  })

t.test('fuzz json: a message of line breaks is nothing', async (t) => {
  t.strictSame(decoded(jsonCodec, '\n'.repeat(LIMITS.inboundBytes)).order, [])
})
