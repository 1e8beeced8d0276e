import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import pg from 'pg'
import { ejabberd } from '../ejabberd.js'
import { connected, contentOf, missing, withSystem } from './exchange.js'

/** A client of the database that its configuration names. */
function archiveIn(dir: string): pg.Client {
  const configuration = readFileSync(join(dir, readdirSync(dir)[0] ?? '', 'ejabberd.yml'), 'utf8')
  const setting = (name: string) => new RegExp(`^sql_${name}: "?([^"\n]+)`, 'm').exec(configuration)?.[1] ?? ''
  const [host, database, user, password] = ['server', 'database', 'username', 'password'].map(setting)
  return new pg.Client(`postgres://${user}:${password}@${host}:${setting('port')}/${database}`)
}

t.test('ejabberd: a message is in the archive when it is acked', { skip: missing(ejabberd) }, async (t) => {
  await withSystem(t, ejabberd, { nodes: 1 }, async (running) => {
    const { clients, notes } = await connected(running, ['alice', 'bob'])
    const [alice, bob] = clients
    const archive = archiveIn(t.testdirName)
    await archive.connect()
    const kept = async () => (await archive.query<{ at: string }>('SELECT username AS at FROM archive ORDER BY 1')).rows
    alice?.sendDirect('bob', 1, contentOf(1))
    t.same(await notes.take(2), ['acked alice 1', 'delivered bob 1'])
    t.same(await kept(), [{ at: 'alice' }, { at: 'bob' }], 'for each of the two')
    await Promise.all([alice?.join('team'), bob?.join('team')])
    alice?.sendGroup('team', 2, contentOf(2))
    t.same(await notes.take(3), ['acked alice 2', 'delivered alice 2', 'delivered bob 2'])
    t.same(await kept(), [{ at: 'alice' }, { at: 'bob' }, { at: 'team@conference.localhost' }], 'once for the room')
    await archive.end()
  })
})
