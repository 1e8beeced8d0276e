/** Conformance: what both codecs promise, over random frames of every kind. */
import fc from 'fast-check'
import t from 'tap'
import { jsonCodec } from '../codec-json.js'
import { msgpackCodec } from '../codec-msgpack.js'
import { FrameError, SUBPROTOCOLS } from '../codec.js'
import { codecFor } from '../codecs.js'
import type { Command } from '../frames.js'
import { LIMITS } from '../limits.js'
import * as arbitrary from './arbitraries.js'
import { decoded, plain } from './outcome.js'

const RUNS = { numRuns: 100 }

for (const codec of [msgpackCodec, jsonCodec]) {
  const unit = `codec ${codec.name}`

  for (const [name, commands] of Object.entries<fc.Arbitrary<Command>>(arbitrary.commands))
    t.test(`${unit}: ${name} arrives at the server as it was sent`, async (t) => {
      fc.assert(
        fc.property(commands, (command) => {
          const outcome = decoded(codec, codec.encodeCommand(command))
          t.same(outcome.faults, [])
          t.strictSame(plain(outcome.commands), plain([command]))
        }),
        RUNS,
      )
    })

  for (const [name, frames] of Object.entries(arbitrary.serverFrames))
    t.test(`${unit}: ${name} arrives at the client as it was sent`, async (t) => {
      fc.assert(
        fc.property(frames, (frame) => {
          t.strictSame(plain(codec.decodeServerFrames(codec.encodeServerFrame(frame))), plain([frame]))
        }),
        RUNS,
      )
    })

  t.test(`${unit}: frames put back to back are one message`, async (t) => {
    fc.assert(
      fc.property(
        fc.array(arbitrary.command, { maxLength: 20 }),
        fc.array(arbitrary.serverFrame),
        (commands, frames) => {
          const up = Buffer.concat(commands.map((command) => codec.encodeCommand(command)))
          t.strictSame(plain(decoded(codec, up).commands), plain(commands))
          const down = Buffer.concat(frames.map((frame) => codec.encodeServerFrame(frame)))
          t.strictSame(plain(codec.decodeServerFrames(down)), plain(frames))
        },
      ),
      RUNS,
    )
  })

  t.test(`${unit}: what was decoded does not change with the message's buffer`, async (t) => {
    fc.assert(
      fc.property(arbitrary.command, (command) => {
        const data = Uint8Array.from(codec.encodeCommand(command))
        const { commands } = decoded(codec, data)
        data.fill(0xff)
        t.strictSame(plain(commands), plain([command]))
      }),
      RUNS,
    )
  })

  t.test(`${unit}: a fault in one command leaves the others and carries its ref`, async (t) => {
    const good: Command = { frame: 'ping', ref: 1 }
    const bad: Command = { frame: 'join', ref: 7, conversation: 'nowhere' }
    const message = Buffer.concat([good, bad, good].map((command) => codec.encodeCommand(command)))
    const { order, faults } = decoded(codec, message)
    t.strictSame(order, ['ping', '!bad-id', 'ping'])
    t.strictSame([faults[0]?.ref, faults[0]?.close], [7, null])
  })

  t.test(`${unit}: more frames than allowed end the connection`, async (t) => {
    const ping = codec.encodeCommand({ frame: 'ping', ref: 1 })
    const { commands, faults } = decoded(codec, Buffer.concat(Array<Uint8Array>(LIMITS.inboundFrames + 2).fill(ping)))
    t.equal(commands.length, LIMITS.inboundFrames)
    t.strictSame(
      faults.map(({ error, close }) => [error, close]),
      [['too-large', 'frame-too-large']],
    )
  })

  t.test(`${unit}: a client throws a FrameError for what is no frame`, async (t) => {
    t.throws(() => codec.decodeServerFrames(Buffer.from('nonsense')), FrameError)
    t.throws(() => codec.decodeServerFrames(Uint8Array.of(0x92, 0x23)), FrameError)
  })
}

t.test('codec: both codecs say the same of the same entry', async (t) => {
  fc.assert(
    fc.property(arbitrary.serverFrame, (frame) => {
      const [fromJson] = jsonCodec.decodeServerFrames(jsonCodec.encodeServerFrame(frame))
      const [fromMsgpack] = msgpackCodec.decodeServerFrames(msgpackCodec.encodeServerFrame(frame))
      t.strictSame(plain(fromJson), plain(fromMsgpack))
    }),
    RUNS,
  )
})

t.test('codec: both codecs make the same command of the same body', async (t) => {
  fc.assert(
    fc.property(arbitrary.commands.send, (send) => {
      const [fromJson] = decoded(jsonCodec, jsonCodec.encodeCommand(send)).commands
      const [fromMsgpack] = decoded(msgpackCodec, msgpackCodec.encodeCommand(send)).commands
      t.strictSame(plain(fromJson), plain(fromMsgpack))
    }),
    RUNS,
  )
})

t.test('codec: only the two documented subprotocols have one', async (t) => {
  t.equal(codecFor(SUBPROTOCOLS.msgpack), msgpackCodec)
  t.equal(codecFor(SUBPROTOCOLS.json), jsonCodec)
  t.equal(codecFor('rookery.msgpack.v2'), undefined)
  t.equal(codecFor('constructor'), undefined)
})

t.test('codec: a client passes over frames and fields of a later server', async (t) => {
  const json = '{"frame":"later","x":1}\n{"frame":"sent","ref":1,"epoch":1,"seq":2,"time":3,"more":{}}\n'
  const sent = { frame: 'sent', ref: 1, epoch: 1, seq: 2, time: 3 }
  t.strictSame(jsonCodec.decodeServerFrames(Buffer.from(json)), [sent])
  const msgpack = Uint8Array.of(0x93, 0x7f, 1, 0x80, 0x96, 35, 1, 1, 2, 3, 0xa1, 0x78)
  t.strictSame(msgpackCodec.decodeServerFrames(msgpack), [sent])
})
