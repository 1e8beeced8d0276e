/**
 * What every version of the membership keeps to. The versions' own tests call this with a world: memberships as different nodes
 * would hold them, on one store that starts empty.
 */
import type { Test } from 'tap'
import type { Membership, View } from '../membership.js'

export interface MembershipWorld {
  /** Another client of the same store. */
  membership(node: string): Promise<Membership>
  /** Takes the store away and brings it back with what it kept; resolves when the memberships reach it. */
  interrupt(): Promise<void>
  restore(): Promise<void>
  close(): Promise<void>
}

const WAIT_MS = 10_000

export function viewOf(number: number, address = 'localhost:1'): View {
  const members = [{ node: 'a', incarnation: 1, version: 1, address, ready: true }]
  return { number, version: 1, members, owners: [0, 0, -1] }
}

export function membershipConformance(t: Test, makeWorld: () => Promise<MembershipWorld>): void {
  const test = (name: string, body: (t: Test, world: MembershipWorld) => Promise<void>) =>
    t.test(`membership: ${name}`, async (t) => {
      const world = await makeWorld()
      t.teardown(() => world.close())
      await body(t, world)
    })

  test('there is no view before the first one', async (t, world) => {
    t.equal(await (await world.membership('a')).newest(), null)
  })

  test('a stored view is the newest at every node', async (t, world) => {
    const [a, b] = [await world.membership('a'), await world.membership('b')]
    t.equal(await a.propose(viewOf(1)), true)
    t.same(await b.newest(), viewOf(1))
    t.equal(await b.propose(viewOf(2, 'other:2')), true)
    t.same(await a.newest(), viewOf(2, 'other:2'))
  })

  test('only the number after the newest is stored', async (t, world) => {
    const a = await world.membership('a')
    t.equal(await a.propose(viewOf(2)), false)
    t.equal(await a.propose(viewOf(1)), true)
    for (const number of [1, 3]) t.equal(await a.propose(viewOf(number)), false)
    t.same(await a.newest(), viewOf(1))
  })

  test('of six nodes that propose the same number exactly one wins', async (t, world) => {
    const nodes = await Promise.all(['a', 'b', 'c', 'd', 'e', 'f'].map((node) => world.membership(node)))
    for (let number = 1; number <= 10; number++) {
      const results = await Promise.all(nodes.map((node, i) => node.propose(viewOf(number, `node:${i}`))))
      t.equal(results.filter(Boolean).length, 1, `winners of view ${number}`)
      t.same(await nodes[0]?.newest(), viewOf(number, `node:${results.indexOf(true)}`))
    }
  })

  test('a watcher hears of the newest view and of those that follow, rising and once', async (t, world) => {
    const [a, b] = [await world.membership('a'), await world.membership('b')]
    await a.propose(viewOf(1))
    const watch = await watched(b)
    await watch.until(1)
    for (let number = 2; number <= 6; number++) await a.propose(viewOf(number))
    await watch.until(6)
    t.same(watch.numbers, [...new Set(watch.numbers)].sort((x, y) => x - y)) // prettier-ignore
    t.same(watch.newest(), viewOf(6))
  })

  test('while the store is away nothing is answered; then watchers catch up', async (t, world) => {
    const [a, b] = [await world.membership('a'), await world.membership('b')]
    await a.propose(viewOf(1))
    const watch = await watched(b)
    await watch.until(1)
    await world.interrupt()
    await t.rejects(a.newest())
    await t.rejects(a.propose(viewOf(2)))
    await world.restore()
    t.same(await a.newest(), viewOf(1))
    t.equal(await a.propose(viewOf(2)), true)
    await watch.until(2)
  })

  test('a closed membership tells no more views', async (t, world) => {
    const [a, b] = [await world.membership('a'), await world.membership('b')]
    const [closed, open] = [await watched(b), await watched(a)]
    await a.propose(viewOf(1))
    await closed.until(1)
    await b.close()
    await a.propose(viewOf(2))
    await open.until(2)
    t.same(closed.numbers, [1])
  })
}

async function watched(membership: Membership) {
  const views: View[] = []
  const checks = new Set<() => void>()
  await membership.watch((view) => {
    views.push(view)
    for (const check of checks) check()
  })
  return {
    get numbers() {
      return views.map((view) => view.number)
    },
    newest: () => views.at(-1),
    until: (number: number) =>
      new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`view ${number} did not arrive`)), WAIT_MS)
        const check = () => {
          if ((views.at(-1)?.number ?? 0) < number) return
          clearTimeout(timer)
          resolve()
        }
        checks.add(check)
        check()
      }),
  }
}
