/** Prometheus: the shipped configuration is one that Prometheus accepts, with all files it names. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import t from 'tap'
import { missing, projectRoot } from './project.js'

const skip = missing('promtool', 'prometheus')

t.test('prometheus.yml: is valid, and so is the list of targets it names', { skip }, async (t) => {
  const { status, stdout } = spawnSync('promtool', ['check', 'config', join(projectRoot, 'ops', 'prometheus.yml')], {
    encoding: 'utf8',
  })
  t.equal(status, 0, stdout)
  t.notMatch(stdout, /WARNING/)
})
