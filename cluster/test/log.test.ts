/** Log: what a line looks like for machines and for people, and what never gets into one. */
import { PassThrough } from 'node:stream'
import t from 'tap'
import { createLog, type LogOptions } from '../log.js'

function logging(options: Partial<LogOptions> = {}) {
  const out = new PassThrough() as unknown as NodeJS.WriteStream & PassThrough
  const log = createLog({ node: 'n1', logLevel: 'info', logFormat: 'json', ...options }, out)
  return { log, text: () => String(out.read() ?? '') }
}

t.test('log: a line for machines is one JSON object with level, time, node and text', async (t) => {
  const { log, text } = logging()
  log.warn({ shard: 3 }, 'a shard moved')
  t.match(JSON.parse(text()), { level: 'warn', time: /^\d{4}-\d\d-\d\dT/, node: 'n1', shard: 3, msg: 'a shard moved' })
})

t.test('log: a line for people is text', async (t) => {
  const { log, text } = logging({ logFormat: 'text' })
  log.info({ shard: 3, to: 'n2' }, 'a shard moved')
  t.match(text(), /^\d\d:\d\d:\d\d\.\d{3} info {2}a shard moved {2}shard=3 {2}to=n2\n$/)
})

t.test('log: tokens, keys and contents are censored at any of the levels a line is made of', async (t) => {
  for (const logFormat of ['json', 'text'] as const) {
    const { log, text } = logging({ logFormat })
    log.error({ token: 'hidden', frame: { content: 'hidden', headers: { authorization: 'hidden' } } }, 'refused')
    const line = text()
    t.notMatch(line, /hidden/)
    t.match(line, /censored/)
  }
})

t.test('log: lines below the level are left out', async (t) => {
  const { log, text } = logging({ logLevel: 'warn' })
  log.info({}, 'nobody reads this')
  t.equal(text(), '')
})

t.test('log: an error is shown with its stack', async (t) => {
  const { log, text } = logging({ logFormat: 'text' })
  log.error({ err: new Error('no such shard') }, 'failed')
  t.match(text(), /failed\nError: no such shard\n {4}at /)
})
