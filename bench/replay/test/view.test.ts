import t from 'tap'
import { loadEntryHash } from '../entry-hash.js'
import { View } from '../view.js'

t.test('view: keeps everything in the order it came, also beyond its first capacity', async (t) => {
  const view = new View()
  const rows = Array.from({ length: 300 }, (_, at) => ({ epoch: 1, seq: 300 - at, hash: BigInt(at), arrival: at / 2 }))
  for (const row of rows) view.add(row)
  t.equal(view.length, 300)
  t.same([...view.rows()], rows)
})

t.test('entry hash: every part of an entry counts', async (t) => {
  const hash = await loadEntryHash()
  const entry = { kind: 'message', type: 'text', sender: 'r.ann', id: '0190', content: Buffer.from('hello') }
  const others = [
    { ...entry, kind: 'joined' },
    { ...entry, type: 'system' },
    { ...entry, sender: 'r.bob' },
    { ...entry, id: '0191' },
    { ...entry, content: Buffer.from('hellO') },
    { ...entry, content: Buffer.alloc(0) },
  ]
  t.equal(hash(entry), hash({ ...entry }))
  for (const other of others) t.not(hash(other), hash(entry))
})
