/** Whole history: one read for all who ask for the same page meanwhile, and no longer. */
import t from 'tap'
import type { PageQuery } from '../history.js'
import { WholeHistory } from '../whole-history.js'
import { GROUP, messageEntry } from './entry-fixture.js'

const page: PageQuery = { conversation: GROUP, from: 1, to: 2, limit: 10, newest: false, types: [] }

function readings() {
  const asked: PageQuery[] = []
  const answers: { resolve(): void; reject(): void }[] = []
  const history = new WholeHistory(
    {
      page: (query: PageQuery) => {
        asked.push(query)
        return new Promise((resolve, reject) =>
          answers.push({
            resolve: () => resolve([messageEntry(1), messageEntry(2)]),
            reject: () => reject(new Error('away')),
          }),
        )
      },
    } as never,
    async () => true,
  )
  return { history, asked, answers }
}

t.test('whole history: who asks for the same page while it is read gets the same answer', async (t) => {
  const { history, asked, answers } = readings()
  const [one, other] = [history.page(page), history.page({ ...page })]
  const further = history.page({ ...page, to: 3 })
  t.equal(asked.length, 2, 'another page is another read')
  for (const answer of answers) answer.resolve()
  t.same(await one, await other)
  t.equal((await one).length, 2)
  await further
  void history.page(page)
  t.equal(asked.length, 3, 'what comes later is read again')
})

t.test('whole history: a read that failed is not kept', async (t) => {
  const { history, asked, answers } = readings()
  const failing = [history.page(page), history.page(page)]
  answers[0]?.reject()
  for (const one of failing) await t.rejects(one)
  void history.page(page)
  t.equal(asked.length, 2)
})
