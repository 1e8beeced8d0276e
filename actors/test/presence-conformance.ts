/**
 * What every version of presence keeps to. The versions' own tests call this with a world: lines to one store, as different nodes
 * would hold them, and users that no other test touches.
 */
import type { Test } from 'tap'
import type { Presence, PresenceDevice } from '../presence.js'

export interface PresenceWorld {
  /** Another line to the same store. */
  presence(): Promise<Presence>
  close(): Promise<void>
}

export function deviceOf(user: string, changes: Partial<PresenceDevice> = {}): PresenceDevice {
  return { user, device: 'phone', session: 1, node: 'n1', state: 'online', ...changes }
}

export function presenceConformance(t: Test, world: PresenceWorld): void {
  const test = (name: string, body: (t: Test, presence: Presence) => Promise<void>) =>
    t.test(`presence: ${name}`, async (t) => body(t, await world.presence()))
  t.teardown(() => world.close())

  const states = async (presence: Presence, ...users: string[]) =>
    (await presence.query(users)).map(({ state }) => state)

  test('a user never seen is offline and was seen at 0', async (t, presence) => {
    t.same(await presence.query(['nobody']), [{ user: 'nobody', state: 'offline', lastSeen: 0 }])
    t.same(await presence.query([]), [])
  })

  test('a touched device is there for every node, in the state it was touched with', async (t, presence) => {
    await presence.touch([deviceOf('ann'), deviceOf('bob', { state: 'away' }), deviceOf('cay', { state: 'busy' })])
    const other = await world.presence()
    t.same(await states(other, 'cay', 'nobody', 'ann', 'bob', 'ann'), ['busy', 'offline', 'online', 'away', 'online'])
    await other.touch([deviceOf('ann', { state: 'busy' })])
    t.same(await states(presence, 'ann'), ['busy'])
  })

  test('of several devices busy is stronger than online, and online than away', async (t, presence) => {
    const touch = (device: string, state: PresenceDevice['state']) =>
      presence.touch([deviceOf('many', { device, state })])
    await touch('tablet', 'away')
    t.same(await states(presence, 'many'), ['away'])
    await touch('phone', 'online')
    t.same(await states(presence, 'many'), ['online'])
    await touch('laptop', 'busy')
    t.same(await states(presence, 'many'), ['busy'])
    await presence.leave([deviceOf('many', { device: 'laptop' })])
    t.same(await states(presence, 'many'), ['online'])
  })

  test('who left is offline and was seen then', async (t, presence) => {
    await presence.touch([deviceOf('left')])
    const [here] = await presence.query(['left'])
    await presence.leave([deviceOf('left')])
    const [gone] = await presence.query(['left'])
    t.equal(gone?.state, 'offline')
    t.ok((here?.lastSeen ?? 0) > 0)
    t.ok((gone?.lastSeen ?? 0) >= (here?.lastSeen ?? 0))
  })

  test('a leave of an older session does not remove a newer one', async (t, presence) => {
    const [old, fresh] = [deviceOf('moved', { session: 9 }), deviceOf('moved', { session: 10, node: 'n2' })]
    await presence.touch([old])
    await presence.touch([fresh])
    await presence.leave([old])
    t.same(await states(presence, 'moved'), ['online'])
    await presence.leave([fresh])
    t.same(await states(presence, 'moved'), ['offline'])
  })

  test('a touch of an older session does not change a newer one', async (t, presence) => {
    await presence.touch([deviceOf('stale', { session: 2, state: 'busy' })])
    await presence.touch([deviceOf('stale', { session: 1, state: 'away' })])
    t.same(await states(presence, 'stale'), ['busy'])
  })

  test('a leave of somebody who is not there does no harm', async (t, presence) => {
    await presence.leave([deviceOf('stranger'), deviceOf('stranger', { device: 'tablet' })])
    t.same(await states(presence, 'stranger'), ['offline'])
    await presence.leave([])
    await presence.touch([])
  })

  test('a thousand users are touched, asked for and gone in one call each', async (t, presence) => {
    const devices = Array.from({ length: 1000 }, (_, i) =>
      deviceOf(`u${String(i)}`, { state: i % 2 ? 'busy' : 'online' }),
    )
    const users = devices.map(({ user }) => user)
    await presence.touch(devices)
    const items = await presence.query(users)
    t.same(
      items.map(({ user }) => user),
      users,
    )
    t.ok(items.every(({ state }, i) => state === devices[i]?.state))
    await presence.leave(devices)
    t.ok((await presence.query(users)).every(({ state }) => state === 'offline'))
  })

  test('every user and device id of the grammar is kept apart', async (t, presence) => {
    const users = ['_', '.', '~', '-', 'A', 'a', 'a.b', 'constructor', '__proto__', 'x'.repeat(64)]
    await presence.touch(users.map((user) => deviceOf(user, { device: user })))
    t.ok((await states(presence, ...users)).every((state) => state === 'online'))
    t.same(await states(presence, 'b', 'X'), ['offline', 'offline'])
  })
}
