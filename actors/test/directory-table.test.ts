/** The directory table against a Map of Sets. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { DirectoryTable } from '../directory-table.js'

function nodesOf(directory: DirectoryTable, user: string): string[] {
  const nodes = new Set<string>()
  directory.nodesOf(user, nodes)
  return [...nodes].sort()
}

const steps = fc.record({
  what: fc.constantFrom('enter', 'enter', 'enter', 'leave', 'drop'),
  node: fc.constantFrom('a', 'b', 'c', 'd'),
  user: fc.nat(30).map((n) => `user-${n}`),
})

t.test('directory table: it answers what a Map of Sets would, and its version rises with every change', async () => {
  const property = fc.property(fc.array(steps, { maxLength: 300, size: 'max' }), fc.integer(), (schedule, seed) => {
    const directory = new DirectoryTable(seed)
    const model = new Map<string, Set<string>>()
    for (const { what, node, user } of schedule) {
      const nodes = model.get(user) ?? new Set()
      model.set(user, nodes)
      const before = directory.version
      const changes = what === 'drop' || (what === 'enter') !== nodes.has(node)
      directory[what as 'enter'](node, user)
      if (what === 'enter') nodes.add(node)
      if (what === 'leave') nodes.delete(node)
      if (what === 'drop') for (const others of model.values()) others.delete(node)
      if (changes && what !== 'drop') assert.ok(directory.version > before)
      if (!changes) assert.equal(directory.version, before)
      assert.deepEqual(nodesOf(directory, user), [...nodes].sort())
    }
    for (const [user, nodes] of model) assert.deepEqual(nodesOf(directory, user), [...nodes].sort())
    assert.equal(
      directory.size,
      [...model.values()].reduce((sum, nodes) => sum + nodes.size, 0),
    )
  })
  fc.assert(property, { numRuns: 200 })
})

t.test('directory table: the nodes of several users are collected in one set', async (t) => {
  const directory = new DirectoryTable()
  directory.enter('a', 'alice')
  directory.enter('b', 'bob')
  const nodes = new Set<string>()
  directory.nodesOf('alice', nodes)
  directory.nodesOf('bob', nodes)
  directory.nodesOf('carol', nodes)
  t.same([...nodes], ['a', 'b'])
})

t.test('directory table: a node that takes the slot of a dropped one inherits nobody', async (t) => {
  const directory = new DirectoryTable()
  directory.enter('a', 'alice')
  directory.enter('b', 'alice')
  directory.drop('a')
  directory.enter('c', 'bob')
  t.same(nodesOf(directory, 'alice'), ['b'])
  t.same(nodesOf(directory, 'bob'), ['c'])
  directory.leave('a', 'bob')
  t.same(nodesOf(directory, 'bob'), ['c'])
})

t.test('directory table: 50,000 users cost less than 19 bytes each, and nothing when they are gone', async (t) => {
  const directory = new DirectoryTable()
  for (let i = 0; i < 50_000; i++) directory.enter(`node-${i % 3}`, `user-${i}`)
  t.equal(directory.size, 50_000)
  t.ok(directory.bytes / directory.size < 19, `${(directory.bytes / directory.size).toFixed(1)} bytes a user`)
  for (let i = 0; i < 50_000; i += 499) t.same(nodesOf(directory, `user-${i}`), [`node-${i % 3}`])
  for (const node of ['node-0', 'node-1', 'node-2']) directory.drop(node)
  t.equal(directory.size, 0)
  t.ok(directory.bytes < 100_000)
})
