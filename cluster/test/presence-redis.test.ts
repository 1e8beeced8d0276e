/**
 * Presence in Redis, on a real server: what every presence keeps to, the life of its keys, and a server that goes away.
 */
import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { silent } from '../../actors/logger.js'
import { LAST_SEEN_SECONDS } from '../../actors/presence.js'
import { deviceOf, presenceConformance } from '../../actors/test/presence-conformance.js'
import { openRedisPresence, type RedisPresence } from '../presence-redis.js'
import { REDIS_MISSING, startRedis, type RedisServer } from './redis-server.js'

const server = await startRedis()
if (server === null) t.test('presence-redis', { skip: REDIS_MISSING }, () => undefined)
else run(t, server)

function run(t: Test, server: RedisServer): void {
  const opened: RedisPresence[] = []
  const open = async (prefix: string): Promise<RedisPresence> => {
    const presence = await openRedisPresence({ url: server.url, prefix, logger: silent })
    opened.push(presence)
    return presence
  }
  const redis = new Redis(server.url)
  redis.on('error', () => undefined)
  t.teardown(async () => {
    redis.disconnect()
    await Promise.all(opened.map((presence) => presence.close()))
    await server.stop()
  })

  t.test('conformance', (t) => {
    presenceConformance(t, { presence: () => open('all'), close: () => Promise.resolve() })
    t.end()
  })

  t.test('presence-redis: a user is remembered for 30 days, and clusters are kept apart', async (t) => {
    const presence = await open('one')
    await presence.touch([deviceOf('ann')])
    const ttl = await redis.ttl('one:presence:ann')
    t.ok(ttl > LAST_SEEN_SECONDS - 60 && ttl <= LAST_SEEN_SECONDS)
    t.match(await (await open('two')).query(['ann']), [{ state: 'offline', lastSeen: 0 }])
  })

  t.test('presence-redis: an entry that ended counts no more, and stands in nobody’s way', async (t) => {
    const presence = await open('ended')
    await redis.hset('ended:presence:ann', 'phone', '9 1000 online n1', '*', '500')
    t.same(await presence.query(['ann']), [{ user: 'ann', state: 'offline', lastSeen: 500 }])
    await presence.touch([deviceOf('ann', { session: 3 })])
    t.match(await presence.query(['ann']), [{ state: 'online' }])
  })

  t.test('presence-redis: ended entries of a user with many devices are swept out', async (t) => {
    const presence = await open('sweep')
    const ended = Array.from({ length: 40 }, (_, i) => [`old-${String(i)}`, '1 1000 online n1']).flat()
    await redis.hset('sweep:presence:ann', ...ended)
    await presence.touch([deviceOf('ann')])
    t.same((await redis.hkeys('sweep:presence:ann')).sort(), ['*', 'phone'])
  })

  t.test('presence-redis: while Redis is away every operation rejects, and it comes back by itself', async (t) => {
    const presence = await open('away')
    const back = new Promise((resolve) => redis.once('ready', resolve))
    const lost = new Promise((resolve) => redis.once('close', resolve))
    await server.kill()
    await lost
    await t.rejects(presence.touch([deviceOf('ann')]))
    await t.rejects(presence.leave([deviceOf('ann')]))
    await t.rejects(presence.query(['ann']))
    await server.restart()
    await back
    await eventually(() => presence.touch([deviceOf('ann')]))
    t.match(await presence.query(['ann']), [{ state: 'online' }])
  })

  t.test('presence-redis: a Redis that is not there is said so at once', async (t) => {
    await t.rejects(openRedisPresence({ url: 'redis://127.0.0.1:1', prefix: 'x', logger: silent }))
  })
}

/** The line of the one under test comes back in its own time. */
async function eventually(task: () => Promise<void>, deadline = Date.now() + 10_000): Promise<void> {
  try {
    await task()
  } catch (error) {
    if (Date.now() > deadline) throw new Error('presence did not come back within 10 s', { cause: error })
    await new Promise((resolve) => setTimeout(resolve, 50))
    await eventually(task, deadline)
  }
}
