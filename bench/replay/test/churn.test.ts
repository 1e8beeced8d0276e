import t from 'tap'
import { churnOf } from '../churn.js'

const users = Array.from({ length: 1000 }, (_, at) => `r.user-${String(at)}`)

t.test('churn: about the share of the devices is restless', async (t) => {
  const restless = users.filter((user) => churnOf(user, 'seed', 0.1).restless).length
  t.ok(restless > 60 && restless < 150, `${restless} of 1000`)
  t.notOk(users.some((user) => churnOf(user, 'seed', 0).restless))
})

t.test('churn: the same seed interrupts at the same points', async (t) => {
  const course = (seed: string) => {
    const churn = churnOf('r.ann', seed, 1)
    return Array.from({ length: 2000 }, () => churn.next().kind)
  }
  t.same(course('one'), course('one'))
  t.strictNotSame(course('one'), course('two'))
  t.ok(course('one').includes('drop'))
  t.ok(course('one').includes('absence'))
})
