/** The owner's table of sessions: which of two connections of a device lives, whatever order the news comes in. */
import t from 'tap'
import { Attachments } from '../attachments.js'

const phone = (session: number) => ({ user: 'ann', device: 'phone', session })

function createAttachments() {
  const displaced: string[] = []
  const asked: string[] = []
  const attachments = new Attachments({
    shardOf: (user) => (user === 'ann' ? 0 : 1),
    confirm: (node, { device, session }) => void asked.push(`${node} ${device} ${String(session)}`),
    displace: (node, { device, session }) => void displaced.push(`${node} ${device} ${String(session)}`),
  })
  return { attachments, displaced, asked }
}

t.test('attachments: a newer session displaces the older one, on whatever node', async (t) => {
  const { attachments, displaced } = createAttachments()
  attachments.attach('n1', phone(1), 'began')
  attachments.attach('n2', phone(2), 'began')
  t.same(displaced, ['n1 phone 1'])
  attachments.attach('n2', phone(3), 'began')
  t.same(displaced, ['n1 phone 1', 'n2 phone 2'])
})

t.test('attachments: other devices and other users are left alone', async (t) => {
  const { attachments, displaced, asked } = createAttachments()
  attachments.attach('n1', phone(1), 'began')
  attachments.attach('n2', { ...phone(2), device: 'tablet' }, 'began')
  attachments.attach('n3', { ...phone(3), user: 'bob' }, 'began')
  attachments.attach('n1', phone(1), 'again')
  t.same([displaced, asked], [[], []])
})

t.test('attachments: late news of a session that ended does not displace the newer one', async (t) => {
  const { attachments, displaced, asked } = createAttachments()
  attachments.attach('n2', phone(2), 'began')
  attachments.attach('n1', phone(1), 'began')
  t.same(displaced, [])
  t.same(asked, ['n1 phone 1'], 'it is asked after, and nobody answers')
  attachments.attach('n3', phone(3), 'began')
  t.same(displaced, ['n2 phone 2'])
})

t.test('attachments: a session that is still there when asked after lives, though its clock is behind', async (t) => {
  const { attachments, displaced } = createAttachments()
  attachments.attach('n2', phone(20), 'began')
  attachments.attach('n1', phone(10), 'began')
  attachments.attach('n1', phone(10), 'confirmed')
  t.same(displaced, ['n2 phone 20'])
})

t.test('attachments: of two sessions told again to a new owner the higher number lives', async (t) => {
  const { attachments, displaced } = createAttachments()
  attachments.attach('n2', phone(2), 'again')
  attachments.attach('n1', phone(1), 'again')
  attachments.attach('n3', phone(3), 'again')
  t.same(displaced, ['n1 phone 1', 'n2 phone 2'])
})

t.test('attachments: only the session that is known is detached', async (t) => {
  const { attachments, displaced, asked } = createAttachments()
  attachments.attach('n2', phone(2), 'began')
  attachments.detach('n1', phone(2))
  attachments.detach('n2', phone(1))
  attachments.attach('n1', phone(1), 'began')
  t.same(asked, ['n1 phone 1'])
  attachments.detach('n2', phone(2))
  attachments.attach('n1', phone(1), 'began')
  t.same(displaced, [])
})

t.test('attachments: with a shard go its users, with a node its sessions', async (t) => {
  const { attachments, displaced } = createAttachments()
  const bob = (session: number) => ({ user: 'bob', device: 'phone', session })
  attachments.attach('n1', phone(1), 'began')
  attachments.attach('n1', bob(1), 'began')
  attachments.drop(0)
  attachments.attach('n2', phone(2), 'began')
  t.same(displaced, [])
  attachments.attach('n2', bob(2), 'began')
  t.same(displaced, ['n1 phone 1'])
  attachments.dropNode('n2')
  attachments.attach('n3', phone(3), 'began')
  attachments.attach('n3', bob(3), 'began')
  t.same(displaced, ['n1 phone 1'])
})
