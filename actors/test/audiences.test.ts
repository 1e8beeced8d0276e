/** Whom on this node a push is for: named by the id, or asked from the owner and kept up with what is pushed. */
import t from 'tap'
import type { UserId } from '../../protocol/ids.js'
import { Audiences } from '../audiences.js'
import { VirtualClock } from '../clock-virtual.js'
import { refusal } from '../command.js'
import type { OwnerReply } from '../command.js'
import type { Delivery } from '../delivery.js'
import { deliveryFrom } from './audience-fixture.js'

const GROUP = 'g:00000000-0000-4000-8000-000000000001'

function createAudiences() {
  const clock = new VirtualClock()
  const questions: { readonly conversation: string; readonly answer: (reply: OwnerReply) => void }[] = []
  const audiences = new Audiences({
    clock,
    ask: (conversation) => new Promise((answer) => void questions.push({ conversation, answer })),
  })
  const given: string[] = []
  const note =
    (text: string) =>
    (users: Iterable<UserId>): void =>
      void given.push(`${text}: ${[...users].join()}`)
  const deliver = (delivery: Delivery): void => {
    const seq = String(delivery.fields.seq)
    audiences.ofDelivery(delivery, note(seq), note(`head of ${seq}`))
  }
  const answer = async (membershipSeq: number, users: readonly UserId[]): Promise<void> => {
    questions.shift()?.answer({ frame: 'audienceList', membershipSeq, users })
    await clock.run(clock.now())
  }
  return { clock, questions, audiences, given, note, deliver, answer }
}

t.test('audiences: conversations that name their users need no question', async (t) => {
  const { audiences, deliver, given, note, questions } = createAudiences()
  deliver(deliveryFrom('d:ann:bob', 1, 0))
  deliver(deliveryFrom('u:cy', 2, 0))
  audiences.of('d:ann:bob', 5, note('signal'))
  t.same(given, ['1: ann,bob', '2: cy', 'signal: ann,bob'])
  t.same(questions, [])
})

t.test('audiences: the owner is asked once, and what waited is given in order', async (t) => {
  const { audiences, deliver, given, note, answer, questions } = createAudiences()
  deliver(deliveryFrom(GROUP, 5, 1))
  audiences.of(GROUP, 1, note('signal'))
  deliver(deliveryFrom(GROUP, 6, 1))
  t.same(given, [])
  t.equal(questions.length, 1)
  await answer(1, ['ann', 'bob'])
  t.same(given, ['5: ann,bob', 'signal: ann,bob', '6: ann,bob'])
  deliver(deliveryFrom(GROUP, 7, 1))
  t.equal(given.at(-1), '7: ann,bob')
  t.equal(questions.length, 0)
})

t.test('audiences: who came in and who left is followed without another question', async (t) => {
  const { deliver, given, answer, questions } = createAudiences()
  deliver(deliveryFrom(GROUP, 2, 1))
  await answer(1, ['ann', 'bob'])
  deliver(deliveryFrom(GROUP, 3, 1, { kind: 'joined', detail: { participants: { cy: 'member' } } }))
  deliver(deliveryFrom(GROUP, 4, 3))
  deliver(deliveryFrom(GROUP, 5, 3, { kind: 'removed', detail: { users: ['bob'] }, leaving: ['bob'] }))
  deliver(deliveryFrom(GROUP, 6, 5))
  t.same(given.slice(1), ['3: ann,bob,cy', '4: ann,bob,cy', '5: ann,cy,bob', '6: ann,cy'])
  t.same(questions, [])
})

t.test('audiences: a change that was not pushed makes it ask again', async (t) => {
  const { deliver, given, answer, questions } = createAudiences()
  deliver(deliveryFrom(GROUP, 2, 1))
  await answer(1, ['ann'])
  deliver(deliveryFrom(GROUP, 9, 8))
  t.equal(questions.length, 1)
  await answer(8, ['ann', 'eve'])
  t.same(given, ['2: ann', '9: ann,eve'])
})

t.test('audiences: an entry from before somebody came in is not given to them', async (t) => {
  const { deliver, given, answer } = createAudiences()
  deliver(deliveryFrom(GROUP, 2, 1))
  deliver(deliveryFrom(GROUP, 3, 1, { kind: 'joined', detail: { participants: { eve: 'member' } } }))
  deliver(deliveryFrom(GROUP, 4, 3))
  await answer(3, ['ann', 'eve'])
  t.same(given, ['head of 2: ann,eve', '3: ann,eve', '4: ann,eve'])
})

t.test('audiences: a late answer of an owner that was does not give away what followed', async (t) => {
  const { deliver, given, answer, questions } = createAudiences()
  deliver(deliveryFrom(GROUP, 9, 7))
  await answer(5, ['ann', 'removed'])
  t.same(given, ['head of 9: ann,removed'])
  deliver(deliveryFrom(GROUP, 10, 7))
  t.equal(questions.length, 1)
})

t.test('audiences: after an error the owner is asked again, and nothing is lost', async (t) => {
  const { clock, deliver, given, answer, questions } = createAudiences()
  deliver(deliveryFrom(GROUP, 2, 1))
  questions.shift()?.answer(refusal('temporary'))
  await clock.run(clock.now())
  deliver(deliveryFrom(GROUP, 3, 1))
  t.same(questions, [])
  await clock.run(clock.now() + 500)
  t.equal(questions.length, 1)
  await answer(1, ['ann'])
  t.same(given, ['2: ann', '3: ann'])
})

t.test('audiences: a conversation that does not exist is for nobody', async (t) => {
  const { clock, deliver, given, questions } = createAudiences()
  deliver(deliveryFrom(GROUP, 2, 1))
  questions.shift()?.answer(refusal('no-such-conversation'))
  await clock.run(clock.now() + 10_000)
  t.same([given, questions], [[], []])
})
