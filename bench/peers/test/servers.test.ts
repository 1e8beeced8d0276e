import { readdirSync, readFileSync } from 'node:fs'
import t from 'tap'
import { installedProgram } from '../installed.js'
import { runServers } from '../servers.js'

const skip =
  installedProgram('redis-server') === undefined && 'redis-server is not installed: apt-get install redis-server'
const childProcesses = () => readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8')

t.test('servers: when one does not start, those that did are stopped and nothing is left', { skip }, async (t) => {
  const dir = t.testdir({})
  process.env['TMPDIR'] = dir
  const before = childProcesses()
  const starting = runServers(async (servers) => {
    await servers.startStorage('redis')
    await servers.start({ name: 'broken', file: process.execPath, args: ['-e', 'throw new Error("too bad")'], port: 1 })
    return { protocol: 'plain', urls: [] }
  })
  await t.rejects(starting, /broken ended with 1 before listener on port 1[\s\S]*too bad/)
  t.same(readdirSync(dir), [])
  t.equal(childProcesses(), before)
})
