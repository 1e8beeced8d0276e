import { existsSync, readdirSync } from 'node:fs'
import t from 'tap'
import type { ClusterNode } from '../cluster-node.js'
import { withLocalCluster } from '../local-cluster.js'

const isAlive = (pid: number) => existsSync(`/proc/${String(pid)}`)

t.test('local cluster: a node comes back after a kill, and everything is gone afterwards', async (t) => {
  process.env['TMPDIR'] = t.testdir({})
  const pids = await withLocalCluster({ nodes: 1 }, async (cluster) => {
    const [node] = cluster.nodes as [ClusterNode]
    t.equal(await cluster.owner(), node)
    t.equal(await node.metric('rookery_sessions'), 0)
    t.match(cluster.description, '1 node, nats-server, postgres, redis')
    const first = node.pid
    await node.kill()
    t.notOk(isAlive(first))
    await node.start()
    t.not(node.pid, first)
    for (const name of ['node-1', 'nats-server', 'postgres', 'redis']) {
      t.ok((cluster.usage()[name]?.memory ?? 0) > 1_000_000, `${name} is accounted for`)
    }
    return [node.pid, ...['nats-server', 'postgres', 'redis'].map((name) => cluster.storage(name)?.pid ?? 0)]
  })
  t.same(pids.filter(isAlive), [])
  t.same(readdirSync(process.env['TMPDIR']), [])
})

t.test('local cluster: a program that fails leaves nothing behind', async (t) => {
  process.env['TMPDIR'] = t.testdir({})
  let pid = 0
  const failing = withLocalCluster({ nodes: 1, selfContained: true }, (cluster) => {
    pid = cluster.nodes[0]?.pid ?? 0
    t.ok('nats-server' in cluster.usage(), 'its own servers are accounted for')
    return Promise.reject(new Error('the program failed'))
  })
  await t.rejects(failing, /the program failed/)
  t.notOk(isAlive(pid))
  t.same(readdirSync(process.env['TMPDIR']), [])
})

t.test('local cluster: a node that does not start says why', async (t) => {
  process.env['TMPDIR'] = t.testdir({})
  const options = { nodes: 1, selfContained: true, env: { ROOKERY_SHARDS: '3' } }
  await t.rejects(
    withLocalCluster(options, () => Promise.resolve()),
    /node-1 ended with [\s\S]*power of two/,
  )
  t.same(readdirSync(process.env['TMPDIR']), [])
})
