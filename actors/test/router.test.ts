/** The router between askers and owners: every command is answered once, whatever moves or is lost meanwhile. */
import t from 'tap'
import type { NodeId } from '../bus.js'
import type { OwnerCommand, OwnerReply, ReplyTo } from '../command.js'
import type { CommandEnvelope } from '../envelope.js'
import { Router } from '../router.js'
import type { Ownership } from '../router.js'
import type { Caller } from '../transport.js'
import { createNet, envelopesOf } from './link-fixture.js'
import type { Heard, Peer } from './link-fixture.js'

const ANN: Caller = { user: 'ann', device: 'phone', system: false }
const CONVERSATION = 'r:hall'
const SENT: OwnerReply = { frame: 'sent', ref: 0, epoch: 1, seq: 1, time: 1 }
const READ: OwnerReply = { frame: 'audienceList', membershipSeq: 1, users: ['ann'] }
const audience: OwnerCommand = { frame: 'audience', conversation: CONVERSATION }
const leave: OwnerCommand = { frame: 'leave', ref: 0, conversation: CONVERSATION }

/** One owner for all shards, named by the test. */
class OneOwner implements Ownership {
  readonly shards = 4
  view = 1
  owner: NodeId | null
  readonly waiting: { readonly view: number; readonly then: () => void }[] = []

  constructor(owner: NodeId | null) {
    this.owner = owner
  }

  ownerOf(): NodeId | null {
    return this.owner
  }

  whenAtLeast(view: number, then: () => void): void {
    if (this.view >= view) then()
    else this.waiting.push({ view, then })
  }

  move(owner: NodeId | null, view = this.view + 1): void {
    this.owner = owner
    this.view = view
    const ready = this.waiting.splice(0)
    for (const { then } of ready) then()
  }
}

async function createRouter(owner: NodeId | null) {
  const world = createNet()
  const ownership = new OneOwner(owner)
  const handled: { readonly command: OwnerCommand; readonly to: ReplyTo }[] = []
  const take = ({ from, envelope }: Heard): void => {
    if (envelope.type === 'reply') router.takeReply(from, envelope)
    if (envelope.type === 'command') router.takeCommand(from, envelope)
  }
  const self = await world.join('n1', take)
  const router: Router = new Router({
    node: 'n1',
    clock: world.clock,
    random: () => 0.5,
    links: self.links,
    counters: self.counters,
    ownership,
    handle: (_shard, _caller, command, to) => void handled.push({ command, to }),
  })
  const answers: OwnerReply[] = []
  const route = async (command: OwnerCommand): Promise<void> => {
    router.route(ANN, command, { reply: (reply) => void answers.push(reply) })
    await world.step()
  }
  const wait = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= 250) {
      await world.clock.run(world.clock.now() + 250)
      router.sweep()
      await world.step()
    }
  }
  const answer = async (peer: Peer, { life, token }: CommandEnvelope, reply: OwnerReply, view = ownership.view) => {
    peer.links.post('n1', { type: 'reply', life, token, view, reply })
    await world.step()
  }
  const [n2, n3] = [await world.join('n2'), await world.join('n3')]
  return { ...world, self, router, ownership, handled, answers, route, wait, answer, n2, n3 }
}

/** The commands that reached a peer since the last call. */
const commandsAt = (peer: Peer): CommandEnvelope[] =>
  envelopesOf(peer).flatMap((envelope) => (envelope.type === 'command' ? [envelope] : []))

function only(commands: readonly CommandEnvelope[]): CommandEnvelope {
  const [one, ...more] = commands
  if (one === undefined || more.length > 0) throw new Error(`${String(commands.length)} commands instead of one`)
  return one
}

t.test('router: a command for this node is handled here, and answered once', async (t) => {
  const { route, handled, answers, router } = await createRouter('n1')
  await route(leave)
  t.same(answers, [])
  handled[0]?.to.reply(SENT)
  handled[0]?.to.reply(SENT)
  t.same(answers, [SENT])
  t.equal(router.outstanding, 0)
})

t.test('router: a command for another node travels there, and its answer comes back', async (t) => {
  const { route, n2, answer, answers } = await createRouter('n2')
  await route(leave)
  const command = only(commandsAt(n2))
  t.match(command, { view: 1, caller: ANN, command: leave })
  await answer(n2, command, SENT)
  await answer(n2, command, SENT)
  t.same(answers, [SENT])
})

t.test('router: while nobody owns the shard a command waits for a view that says who does', async (t) => {
  const { route, ownership, router, step, n2 } = await createRouter(null)
  await route(leave)
  ownership.move('n2')
  router.viewChanged()
  await step()
  only(commandsAt(n2))
  t.pass()
})

t.test('router: what was not answered goes to the new owner, in the order it came', async (t) => {
  const { route, ownership, router, step, n2, n3 } = await createRouter('n2')
  const conversations = ['r:a', 'r:b', 'r:c', 'r:d', 'r:e']
  for (const conversation of conversations) await route({ frame: 'join', ref: 0, conversation })
  t.equal(commandsAt(n2).length, 5)
  ownership.move('n3')
  router.viewChanged()
  await step()
  t.same(
    commandsAt(n3).map(({ command, view }) => [command.conversation, view]),
    conversations.map((conversation) => [conversation, 2]),
  )
  router.viewChanged()
  await step()
  t.same(commandsAt(n3), [], 'once is enough')
})

t.test('router: a command whose answer was lost is repeated after a while, with the same token', async (t) => {
  const { route, wait, n2, net, answer, answers } = await createRouter('n2')
  await route(leave)
  const first = only(commandsAt(n2))
  net.losing = true
  await answer(n2, first, SENT)
  net.losing = false
  await wait(1_500)
  t.same(commandsAt(n2), [])
  await wait(250)
  const second = only(commandsAt(n2))
  t.equal(second.token, first.token)
  await answer(n2, second, SENT)
  t.same(answers, [SENT])
})

t.test('router: a message without an id is given one, the same in every repeat', async (t) => {
  const { route, wait, n2 } = await createRouter('n2')
  const body = new Uint8Array([0xc0, 1, 0xc4, 0, 0xc0, 0, 0])
  const send = { frame: 'send', ref: 0, conversation: CONVERSATION, after: null, id: null, type: 1, body } as const
  await route(send)
  await wait(2_000)
  await route(send)
  const ids = commandsAt(n2).map(({ command }) => command.frame === 'send' && command.id)
  t.equal(ids.length, 3)
  t.equal(ids[0], ids[1])
  t.not(ids[0], ids[2])
})

t.test('router: who waited too long is told `temporary`, once', async (t) => {
  const { route, wait, n2, answer, answers, counters } = await createRouter('n2').then((world) => ({
    ...world,
    counters: world.self.counters,
  }))
  await route(leave)
  await wait(8_000)
  t.same(answers, [])
  await wait(250)
  t.match(answers, [{ frame: 'error', error: 'temporary' }])
  const [command] = commandsAt(n2)
  if (command) await answer(n2, command, SENT)
  await wait(10_000)
  t.equal(answers.length, 1)
  t.equal(counters.routeSeconds.count, 1)
})

t.test('router: what a node reads that has lost the shard is dropped, what it stored counts', async (t) => {
  const { route, ownership, router, step, n2, n3, answer, answers } = await createRouter('n2')
  await route(audience)
  await route(leave)
  const [question, change] = commandsAt(n2)
  ownership.move('n3')
  router.viewChanged()
  await step()
  if (question) await answer(n2, question, READ)
  t.same(answers, [])
  if (change) await answer(n2, change, SENT)
  t.same(answers, [SENT])
  const asked = commandsAt(n3).filter(({ command }) => command.frame === 'audience')
  if (asked[0]) await answer(n3, asked[0], READ)
  t.same(answers, [SENT, READ])
})

t.test('router: an answer of a later view is taken when this node knows that view, too', async (t) => {
  const { route, ownership, router, step, n2, n3, answer, answers } = await createRouter('n2')
  await route(audience)
  await answer(n3, only(commandsAt(n2)), READ, 2)
  t.same(answers, [])
  ownership.move('n3', 2)
  router.viewChanged()
  await step()
  const [again] = commandsAt(n3)
  if (again) await answer(n3, again, READ)
  t.same(answers, [READ])
})

t.test('router: an answer to a process before this one on the same node answers nothing of this one', async (t) => {
  const { route, n2, answer, answers } = await createRouter('n2')
  await route(leave)
  const asked = only(commandsAt(n2))
  await answer(n2, { ...asked, life: asked.life - 1 }, { ...SENT, seq: 99 })
  t.same(answers, [])
  await answer(n2, asked, SENT)
  t.same(answers, [SENT])
})

t.test('router: a command of a newer view waits until this node knows that view', async (t) => {
  const { ownership, step, handled, n2 } = await createRouter('n1')
  n2.links.post('n1', { type: 'command', life: 1, token: 5, view: 3, caller: ANN, command: leave })
  await step()
  t.same(handled, [])
  ownership.move('n1', 3)
  t.equal(handled.length, 1)
  handled[0]?.to.reply(SENT)
  await step()
  t.same(envelopesOf(n2), [{ type: 'reply', life: 1, token: 5, view: 3, reply: SENT }])
})

t.test('router: what this node could not answer yet is handled when its shard serves', async (t) => {
  const { route, handled, answers, router } = await createRouter('n1')
  await route(leave)
  handled[0]?.to.reply({ frame: 'notOwner', view: 1 })
  t.same(answers, [])
  router.shardServes(router.shardOf(CONVERSATION))
  t.equal(handled.length, 2)
  handled[1]?.to.reply(SENT)
  t.same(answers, [SENT])
})

t.test('router: an owner that says it is none makes this node look for its view', async (t) => {
  const { route, ownership, n2, answer, answers } = await createRouter('n2')
  await route(leave)
  await answer(n2, only(commandsAt(n2)), { frame: 'notOwner', view: 7 })
  t.same(answers, [])
  t.same(
    ownership.waiting.map(({ view }) => view),
    [7],
  )
})

t.test('router: a question is a promise of its answer', async (t) => {
  const { router, handled } = await createRouter('n1')
  const answer = router.ask(ANN, audience)
  handled[0]?.to.reply(READ)
  t.same(await answer, READ)
})
