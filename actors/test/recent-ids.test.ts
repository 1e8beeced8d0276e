/** Recent ids against a Map, and the rules of what is forgotten when. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { ID_HORIZON_MS, RecentIds } from '../recent-ids.js'
import { parseMessageId } from '../../protocol/ids.js'

const NOW = Date.UTC(2025, 0, 1)

/** A UUIDv7 made at a time; `tail` tells ids of one time apart. */
function idAt(time: number, tail: number): string {
  const hex = time.toString(16).padStart(12, '0')
  const id = parseMessageId(`${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-${tail.toString(16).padStart(12, '0')}`)
  assert.ok(id !== undefined)
  return id
}

t.test('recent ids: an added id is found, a removed one is not', async (t) => {
  const ids = new RecentIds(1)
  const key = ids.key('r:lobby', 'alice', idAt(NOW, 1))
  t.equal(ids.find(key), 0)
  ids.add(key, 7, NOW)
  t.equal(ids.find(key), 7)
  t.equal(ids.find(key, 1), 0)
  ids.remove(key, 8)
  t.equal(ids.find(key), 7, 'only that seq is taken back')
  ids.remove(key, 7)
  t.equal(ids.find(key), 0)
  t.equal(ids.size, 0)
})

t.test('recent ids: conversation, sender and id all count, and so do their borders', async (t) => {
  const ids = new RecentIds(1)
  const id = idAt(NOW, 1)
  ids.add(ids.key('r:ab', 'c', id), 1, NOW)
  t.equal(ids.find(ids.key('r:a', 'bc', id)), 0)
  t.equal(ids.find(ids.key('r:ab', 'd', id)), 0)
  t.equal(ids.find(ids.key('r:ac', 'c', id)), 0)
  t.equal(ids.find(ids.key('r:ab', 'c', idAt(NOW, 2))), 0)
})

t.test('recent ids: several candidates of one key are given one by one', async (t) => {
  const ids = new RecentIds(1)
  const key = ids.key('r:lobby', 'alice', idAt(NOW, 1))
  ids.add(key, 7, NOW)
  ids.add(key, 9, NOW)
  t.same([ids.find(key), ids.find(key, 1)].sort(), [7, 9])
  t.equal(ids.find(key, 2), 0)
})

t.test('recent ids: an id stays for the horizon and is gone a generation later', async (t) => {
  const ids = new RecentIds(1)
  const key = ids.key('r:lobby', 'alice', idAt(NOW, 1))
  ids.add(key, 7, NOW)
  ids.expire(NOW + ID_HORIZON_MS)
  t.equal(ids.find(key), 7)
  ids.expire(NOW + ID_HORIZON_MS + 60_000)
  t.equal(ids.find(key), 0)
})

t.test('recent ids: an id with a time far from now stays for the horizon after it came', async (t) => {
  const ids = new RecentIds(1)
  const old = ids.key('r:lobby', 'alice', idAt(NOW - 86_400_000, 1))
  const future = ids.key('r:lobby', 'alice', idAt(NOW + 86_400_000, 1))
  ids.add(old, 7, NOW)
  ids.add(future, 8, NOW)
  ids.expire(NOW + ID_HORIZON_MS)
  t.same([ids.find(old), ids.find(future)], [7, 8])
  ids.expire(NOW + ID_HORIZON_MS + 60_000)
  t.same([ids.find(old), ids.find(future)], [0, 0])
})

const steps = fc.record({
  what: fc.constantFrom('add', 'add', 'add', 'remove', 'pass'),
  sender: fc.constantFrom('alice', 'bob'),
  made: fc.constantFrom(-90_000_000, -ID_HORIZON_MS, -60_000, -1, 0, 1, 300_000, ID_HORIZON_MS, 90_000_000),
  tail: fc.nat(3),
  minutes: fc.nat(6),
})

t.test(
  'recent ids: nothing younger than the horizon is forgotten, and nothing is known that was not added',
  async () => {
    const property = fc.property(fc.array(steps, { maxLength: 80 }), fc.integer(), (schedule, seed) => {
      const ids = new RecentIds(seed)
      const model = new Map<string, { readonly seq: number; readonly added: number }>()
      let now = NOW
      for (const [place, step] of schedule.entries()) {
        const id = idAt(NOW + step.made, step.tail)
        const key = ids.key('r:lobby', step.sender, id)
        const known = model.get(step.sender + id)
        const found = ids.find(key)
        const must = known !== undefined && now - known.added < ID_HORIZON_MS && now - key.made < ID_HORIZON_MS
        const mustStray =
          known !== undefined && now - known.added < ID_HORIZON_MS && key.made < known.added - ID_HORIZON_MS
        if (must || mustStray) assert.equal(found, known.seq)
        else assert.ok(found === 0 || found === known?.seq)
        if (step.what === 'pass') ids.expire((now += step.minutes * 60_000))
        if (step.what === 'add' && found === 0) {
          ids.add(key, place + 1, now)
          model.set(step.sender + id, { seq: place + 1, added: now })
        }
        if (step.what === 'remove' && found !== 0) {
          ids.remove(key, found)
          model.delete(step.sender + id)
        }
      }
    })
    fc.assert(property, { numRuns: 300 })
  },
)

t.test('recent ids: an id costs less than 19 bytes', async (t) => {
  const ids = new RecentIds(1)
  for (let i = 0; i < 100_000; i++) ids.add(ids.key('r:lobby', 'alice', idAt(NOW + i, i)), i + 1, NOW)
  t.ok(ids.bytes / ids.size < 19, `${(ids.bytes / ids.size).toFixed(1)} bytes`)
  for (let i = 0; i < 100_000; i += 997) t.equal(ids.find(ids.key('r:lobby', 'alice', idAt(NOW + i, i))), i + 1)
})
