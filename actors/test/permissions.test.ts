/** Who may do what, role by role. */
import t from 'tap'
import { ROLE } from '../../protocol/entry.js'
import type { Role } from '../../protocol/entry.js'
import { mayManage, maySend, maySetRole, outranks } from '../permissions.js'

const ROLES = Object.keys(ROLE) as Role[]

t.test('permissions: members and above send, muted and banned do not', async (t) => {
  t.same(ROLES.filter(maySend), ['owner', 'admin', 'member'])
})

t.test('permissions: owners and admins manage', async (t) => {
  t.same(ROLES.filter(mayManage), ['owner', 'admin'])
})

t.test('permissions: nobody outranks their own role', async (t) => {
  for (const role of ROLES) t.notOk(outranks(role, role), role)
})

t.test('permissions: owners give any role to anybody', async (t) => {
  for (const from of ROLES) for (const to of ROLES) t.ok(maySetRole('owner', from, to), `${from} to ${to}`)
})

t.test('permissions: admins move those below them between member, muted and banned', async (t) => {
  const low: readonly Role[] = ['member', 'muted', 'banned']
  for (const from of ROLES)
    for (const to of ROLES)
      t.equal(maySetRole('admin', from, to), low.includes(from) && low.includes(to), `${from} to ${to}`)
})

t.test('permissions: members, muted and banned set no role', async (t) => {
  for (const by of ['member', 'muted', 'banned'] as const)
    for (const from of ROLES) for (const to of ROLES) t.notOk(maySetRole(by, from, to))
})
