/** Large envelopes in pieces: whole again at the other end, or not there at all. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { cut, EnvelopePieces } from '../envelope-pieces.js'

/** An envelope begins with a small number; see envelope.ts. */
const envelope = fc.uint8Array({ minLength: 20, maxLength: 200 }).map((bytes) => Uint8Array.from([3, ...bytes]))

t.test('envelope pieces: what was cut is joined, and no piece is too large', async () => {
  const property = fc.property(envelope, fc.integer({ min: 2, max: 20 }), (whole, size) => {
    const pieces = cut(whole, size)
    assert.ok(pieces.every(({ length }) => length <= size))
    const joined = new EnvelopePieces()
    const out = pieces.map((piece) => joined.join(piece))
    assert.deepEqual(new Uint8Array(out.pop() ?? []), whole)
    assert.ok(out.every((nothing) => nothing === undefined))
  })
  fc.assert(property)
})

t.test('envelope pieces: whoever misses the beginning or hears of a loss takes the next envelope only', async () => {
  const property = fc.property(envelope, envelope, fc.nat(), (lost, next, from) => {
    const pieces = cut(lost, 10)
    const at = 1 + (from % (pieces.length - 1))
    const joined = new EnvelopePieces()
    for (const piece of pieces.slice(0, at)) joined.join(piece)
    joined.drop()
    for (const piece of pieces.slice(at)) assert.equal(joined.join(piece), undefined)
    const out = cut(next, 10).map((piece) => joined.join(piece))
    assert.deepEqual(new Uint8Array(out.at(-1) ?? []), next)
  })
  fc.assert(property)
})

t.test('envelope pieces: a whole envelope passes as it is', async (t) => {
  const whole = new Uint8Array([1, 2, 3])
  t.equal(new EnvelopePieces().join(whole), whole)
})
