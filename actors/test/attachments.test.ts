/** The owner's table of sessions: which of two connections of a device lives, whatever order the news comes in. */
import t from 'tap'
import { Attachments } from '../attachments.js'

const phone = (session: number) => ({ user: 'ann', device: 'phone', session })

function createAttachments() {
  const displaced: string[] = []
  const attachments = new Attachments({
    shardOf: (user) => (user === 'ann' ? 0 : 1),
    displace: (node, { device, session }) => void displaced.push(`${node} ${device} ${String(session)}`),
  })
  return { attachments, displaced }
}

t.test('attachments: a newer session displaces the older one, on whatever node', async (t) => {
  const { attachments, displaced } = createAttachments()
  attachments.attach('n1', phone(1))
  attachments.attach('n2', phone(2))
  t.same(displaced, ['n1 phone 1'])
  attachments.attach('n2', phone(3))
  t.same(displaced, ['n1 phone 1', 'n2 phone 2'])
})

t.test('attachments: other devices and other users are left alone', async (t) => {
  const { attachments, displaced } = createAttachments()
  attachments.attach('n1', phone(1))
  attachments.attach('n2', { ...phone(2), device: 'tablet' })
  attachments.attach('n3', { ...phone(3), user: 'bob' })
  attachments.attach('n1', phone(1))
  t.same(displaced, [])
})

t.test('attachments: late news of an older session closes that one, not the newer', async (t) => {
  const { attachments, displaced } = createAttachments()
  attachments.attach('n2', phone(2))
  attachments.attach('n1', phone(1))
  t.same(displaced, ['n1 phone 1'])
  attachments.attach('n3', phone(3))
  t.same(displaced, ['n1 phone 1', 'n2 phone 2'])
})

t.test('attachments: of two sessions with the same number one lives', async (t) => {
  const { attachments, displaced } = createAttachments()
  attachments.attach('n1', phone(1))
  attachments.attach('n2', phone(1))
  t.same(displaced, ['n2 phone 1'])
})

t.test('attachments: only the session that is known is detached', async (t) => {
  const { attachments, displaced } = createAttachments()
  attachments.attach('n2', phone(2))
  attachments.detach('n1', phone(2))
  attachments.detach('n2', phone(1))
  attachments.attach('n1', phone(1))
  t.same(displaced, ['n1 phone 1'])
  attachments.detach('n2', phone(2))
  attachments.attach('n1', phone(1))
  t.same(displaced, ['n1 phone 1'])
})

t.test('attachments: with a shard go its users, with a node its sessions', async (t) => {
  const { attachments, displaced } = createAttachments()
  const bob = (session: number) => ({ user: 'bob', device: 'phone', session })
  attachments.attach('n1', phone(1))
  attachments.attach('n1', bob(1))
  attachments.drop(0)
  attachments.attach('n2', phone(2))
  t.same(displaced, [])
  attachments.attach('n2', bob(2))
  t.same(displaced, ['n1 phone 1'])
  attachments.dropNode('n2')
  attachments.attach('n3', phone(3))
  attachments.attach('n3', bob(3))
  t.same(displaced, ['n1 phone 1'])
})
