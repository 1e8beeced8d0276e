/** Mailbox and the queue in it, against plain arrays. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import type { Lane } from '../actor.js'
import { Fifo } from '../fifo.js'
import { Mailbox, MailboxShelf } from '../mailbox.js'

t.test('fifo: it is a queue, however it grows and wraps', async () => {
  const property = fc.property(fc.array(fc.boolean(), { maxLength: 200, size: 'max' }), (pushes) => {
    const fifo = new Fifo<number>()
    const model: number[] = []
    for (const [place, push] of pushes.entries()) {
      if (push) {
        fifo.push(place)
        model.push(place)
      } else assert.equal(fifo.shift(), model.shift())
      assert.equal(fifo.size, model.length)
    }
    while (model.length > 0) assert.equal(fifo.shift(), model.shift())
    assert.equal(fifo.shift(), undefined)
  })
  fc.assert(property)
})

const steps = fc.record({ take: fc.boolean(), lane: fc.constantFrom<Lane>('user', 'system') })

t.test('mailbox: two bounded queues, the system lane first, and one message at a time is timed', async () => {
  const property = fc.property(
    fc.array(steps, { maxLength: 200, size: 'max' }),
    fc.integer({ min: 1, max: 9 }),
    (all, capacity) => {
      const mailbox = new Mailbox<number>()
      const user: number[] = []
      const system: number[] = []
      let sample = -1
      for (const [place, { take, lane }] of all.entries()) {
        const [model, limit] = lane === 'user' ? [user, capacity] : [system, 4 * capacity]
        if (!take) {
          assert.equal(
            mailbox.put(place, lane, capacity, () => (sample = place)),
            model.length < limit,
          )
          if (model.length < limit) model.push(place)
        } else if (mailbox.size > 0) {
          const message = mailbox.take()
          assert.equal(message, system.shift() ?? user.shift())
          assert.equal(mailbox.takenSince, message === sample ? message : -1)
        }
        assert.equal(mailbox.size, user.length + system.length)
      }
    },
  )
  fc.assert(property)
})

t.test('mailbox: the shelf hands out what came back, except what grew large', async (t) => {
  const shelf = new MailboxShelf<number>()
  const small = shelf.borrow()
  small.put(1, 'user', 1000, () => 0)
  small.take()
  shelf.giveBack(small)
  t.equal(shelf.borrow(), small)
  const large = shelf.borrow()
  for (let i = 0; i < 100; i++) large.put(i, 'user', 1000, () => 0)
  while (large.size > 0) large.take()
  shelf.giveBack(large)
  t.not(shelf.borrow(), large)
})
