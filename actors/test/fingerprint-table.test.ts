/** The table under recent ids and the directory, against a plain list of entries, with fingerprints that collide a lot. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { FingerprintTable } from '../fingerprint-table.js'

interface Entry {
  readonly high: number
  readonly low: number
  readonly value: number
}

/** Few fingerprints, near both ends of the table, so that chains are long and wrap around. */
const entries: fc.Arbitrary<Entry> = fc.record({
  high: fc.constantFrom(0, 1, -1, -2, -(2 ** 31), 2 ** 31 - 1, 2 ** 28),
  low: fc.nat(2),
  value: fc.integer({ min: 1, max: 4 }),
})
const steps = fc.record({ entry: entries, what: fc.constantFrom('add', 'add', 'add', 'remove', 'remove value') })

function valuesOf(table: FingerprintTable, high: number, low: number): number[] {
  const found: number[] = []
  for (let value = table.find(high, low); value !== 0; value = table.find(high, low, found.length)) found.push(value)
  return found.sort((a, b) => a - b)
}

const isSame = (a: Entry, b: Entry) => a.high === b.high && a.low === b.low && a.value === b.value

t.test('fingerprint table: it holds what a list would', async () => {
  const property = fc.property(fc.array(steps, { maxLength: 300, size: 'max' }), (schedule) => {
    const table = new FingerprintTable()
    let model: Entry[] = []
    for (const { entry, what } of schedule) {
      const at = model.findIndex((other) => isSame(other, entry))
      assert.equal(table.has(entry.high, entry.low, entry.value), at >= 0)
      if (what === 'add') {
        table.add(entry.high, entry.low, entry.value)
        model.push(entry)
      } else if (what === 'remove') {
        assert.equal(table.remove(entry.high, entry.low, entry.value), at >= 0)
        if (at >= 0) model.splice(at, 1)
      } else {
        const kept = model.filter((other) => other.value !== entry.value)
        assert.equal(table.removeValue(entry.value), model.length - kept.length)
        model = kept
      }
      assert.equal(table.size, model.length)
      const alike = model.filter((other) => other.high === entry.high && other.low === entry.low)
      assert.deepEqual(
        valuesOf(table, entry.high, entry.low),
        alike.map((other) => other.value).sort((a, b) => a - b),
      )
    }
  })
  fc.assert(property, { numRuns: 200 })
})

t.test('fingerprint table: it keeps to its memory and gives it back', async (t) => {
  const table = new FingerprintTable()
  t.equal(table.bytes, 0)
  const high = (i: number) => Math.imul(i, 0x9e3779b1)
  for (let i = 1; i <= 20_000; i++) table.add(high(i), i, i)
  t.ok(table.bytes / table.size < 19, `${(table.bytes / table.size).toFixed(1)} bytes an entry`)
  for (let i = 1; i <= 20_000; i++) assert.equal(table.find(high(i), i), i)
  for (let i = 1; i <= 20_000; i++) table.remove(high(i), i, i)
  t.equal(table.size, 0)
  t.ok(table.bytes < 500)
})
