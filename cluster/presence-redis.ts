/**
 * Presence in Redis, shared by all nodes. A user is one hash: a field per device, and the field `*` (no device can have that name)
 * with the time last seen; it lives 30 days, a device's entry ends by the time written in it. Scripts decide by Redis' own
 * clock and in one step, so that nodes need not agree on the time and a late leave cannot remove a newer session.
 */
import { Redis } from 'ioredis'
import type { Logger } from '../actors/logger.js'
import {
  LAST_SEEN_SECONDS,
  mergeStates,
  PRESENCE_TTL_SECONDS,
  type Presence,
  type PresenceDevice,
} from '../actors/presence.js'
import type { PresenceItem, PresenceState } from '../protocol/frames.js'
import type { UserId } from '../protocol/ids.js'

export interface RedisPresenceOptions {
  readonly url: string
  /** Before every key; the name of the cluster. */
  readonly prefix: string
  readonly logger: Logger
}

/** Devices in one script, which Redis runs without a pause. */
const BATCH = 200
const COMMAND_MS = 2_000
/** Ended entries of a user are swept out when there are more devices than this. */
const SWEEP_ABOVE = 16

/** KEYS: users. ARGV: how long to keep a user (s); then device and session each, and what the entry holds after its end. */
const COMMON = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function newer(key, device, session)
  local entry = redis.call('HGET', key, device)
  if not entry then return false end
  local held, ends = string.match(entry, '^(%d+) (%d+)')
  return tonumber(held) > tonumber(session) and tonumber(ends) > now
end
local function seen(key)
  redis.call('HSET', key, '*', string.format('%.0f', now))
  redis.call('EXPIRE', key, ARGV[1])
end`

/** ARGV: keep, ttl (ms), then per key device, session, `state node`. */
const TOUCH = `${COMMON}
local function sweep(key)
  local all = redis.call('HGETALL', key)
  for i = 1, #all, 2 do
    local ends = string.match(all[i + 1], '^%d+ (%d+)')
    if ends and tonumber(ends) <= now then redis.call('HDEL', key, all[i]) end
  end
end
for i, key in ipairs(KEYS) do
  local device, session, rest = ARGV[3 * i], ARGV[3 * i + 1], ARGV[3 * i + 2]
  if not newer(key, device, session) then
    redis.call('HSET', key, device, session .. ' ' .. string.format('%.0f', now + ARGV[2]) .. ' ' .. rest)
  end
  seen(key)
  if redis.call('HLEN', key) > ${String(SWEEP_ABOVE)} then sweep(key) end
end`

/** ARGV: keep, then per key device, session. */
const LEAVE = `${COMMON}
for i, key in ipairs(KEYS) do
  if not newer(key, ARGV[2 * i], ARGV[2 * i + 1]) then redis.call('HDEL', key, ARGV[2 * i]) end
  seen(key)
end`

/** Answers the time, then all fields of each user. */
const QUERY = `${COMMON}
local answer = { string.format('%.0f', now) }
for i, key in ipairs(KEYS) do answer[i + 1] = redis.call('HGETALL', key) end
return answer`

/** Connects to Redis; rejects when it does not answer. Afterwards a lost line comes back by itself. */
export async function openRedisPresence(options: RedisPresenceOptions): Promise<RedisPresence> {
  const redis = new Redis(options.url, {
    lazyConnect: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: COMMAND_MS,
    connectTimeout: COMMAND_MS,
    retryStrategy: (attempt) => Math.min(100 * attempt, 2_000),
  })
  redis.on('error', (error: Error) => options.logger.warn({ reason: error.message }, 'Redis is away'))
  try {
    await redis.connect()
  } catch (error) {
    redis.disconnect()
    throw error
  }
  return new RedisPresence(redis, `${options.prefix}:presence:`)
}

/** Every operation rejects while Redis is away; nothing is queued. */
export class RedisPresence implements Presence {
  readonly #redis: Redis
  readonly #prefix: string

  constructor(redis: Redis, prefix: string) {
    this.#redis = redis
    this.#prefix = prefix
  }

  async touch(devices: readonly PresenceDevice[]): Promise<void> {
    const ttl = PRESENCE_TTL_SECONDS * 1000
    await this.#each(devices, (part) => {
      const values = part.flatMap(({ device, session, state, node }) => [device, session, `${state} ${node}`])
      return this.#run(TOUCH, part, [LAST_SEEN_SECONDS, ttl, ...values])
    })
  }

  async leave(devices: readonly PresenceDevice[]): Promise<void> {
    await this.#each(devices, (part) => {
      const values = part.flatMap(({ device, session }) => [device, session])
      return this.#run(LEAVE, part, [LAST_SEEN_SECONDS, ...values])
    })
  }

  async query(users: readonly UserId[]): Promise<PresenceItem[]> {
    const parts = await this.#each(users, async (part) => {
      const asked = part.map((user) => ({ user }))
      const [now, ...fields] = (await this.#run(QUERY, asked, [0])) as [string, ...string[][]]
      return part.map((user, i) => presenceOf(user, fields[i] ?? [], Number(now)))
    })
    return parts.flat()
  }

  async close(): Promise<void> {
    this.#redis.disconnect()
  }

  /** All parts are under way at once; one connection keeps their order. */
  #each<T, R>(items: readonly T[], task: (part: readonly T[]) => Promise<R>): Promise<R[]> {
    const starts = Array.from({ length: Math.ceil(items.length / BATCH) }, (_, i) => i * BATCH)
    return Promise.all(starts.map((start) => task(items.slice(start, start + BATCH))))
  }

  #run(script: string, of: readonly { user: UserId }[], values: readonly (string | number)[]): Promise<unknown> {
    return this.#redis.eval(script, of.length, ...of.map(({ user }) => this.#prefix + user), ...values)
  }
}

/** `fields` are those of the user's hash, name and value in turn. */
function presenceOf(user: UserId, fields: readonly string[], now: number): PresenceItem {
  const states: PresenceState[] = []
  let lastSeen = 0
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const value = fields[i + 1] as string
    const [, ends, state] = value.split(' ')
    if (fields[i] === '*') lastSeen = Number(value)
    else if (Number(ends) > now) states.push(state as PresenceState)
  }
  return { user, state: mergeStates(states), lastSeen }
}
