/** One reply made of the answers of many owners: complete, bounded, and cut only where the rest can be asked for. */
import t from 'tap'
import type { Page, Reply } from '../../protocol/frames.js'
import { LIMITS } from '../../protocol/limits.js'
import { refusal } from '../command.js'
import { ResumeCollector } from '../resume-collector.js'

function collect(expected: number) {
  const replies: Reply[] = []
  const collector = new ResumeCollector(expected, (reply) => replies.push(reply))
  return { collector, replies }
}

/** How many entries each page has, and whether it says that there is more. */
const outlineOf = ([reply]: readonly Reply[]) =>
  reply?.frame === 'resumed' ? reply.pages.map(({ items, more }) => ({ items: items.length, more })) : []

const pageOf = (conversation: string, sizes: readonly number[], more: Partial<Page> = {}): Page => ({
  conversation,
  epoch: 1,
  head: sizes.length,
  recovered: true,
  more: false,
  items: sizes.map((size, prev) => ({ prev, entry: new Uint8Array(size) })),
  ...more,
})

t.test('resume collector: the reply comes when every owner has answered', async (t) => {
  const { collector, replies } = collect(2)
  const [first, second] = [collector.of('r:a'), collector.of('r:b')]
  second.reply({ frame: 'onePage', page: pageOf('r:b', [1]) })
  t.same(replies, [])
  first.reply({ frame: 'onePage', page: pageOf('r:a', []) })
  t.match(replies, [{ frame: 'resumed', pages: [{ conversation: 'r:b' }, { conversation: 'r:a' }], errors: [] }])
})

t.test('resume collector: nothing asked is answered at once', async (t) => {
  t.match(collect(0).replies, [{ frame: 'resumed', pages: [], errors: [] }])
})

t.test('resume collector: an error stands in the place of its page', async (t) => {
  const { collector, replies } = collect(3)
  collector.of('r:a').reply(refusal('not-participant'))
  collector.of('r:b').reply({ frame: 'notOwner', view: 1 })
  collector.of('r:c').reply({ frame: 'onePage', page: pageOf('r:c', [1]) })
  t.match(replies, [
    {
      pages: [{ conversation: 'r:c' }],
      errors: [
        { conversation: 'r:a', error: 'not-participant' },
        { conversation: 'r:b', error: 'internal' },
      ],
    },
  ])
})

t.test('resume collector: what does not fit is cut, and its page says that there is more', async (t) => {
  const { collector, replies } = collect(3)
  const half = LIMITS.pageBytes / 2
  collector.of('r:a').reply({ frame: 'onePage', page: pageOf('r:a', [half - 2]) })
  collector.of('r:b').reply({ frame: 'onePage', page: pageOf('r:b', [half, 3]) })
  collector.of('r:c').reply({ frame: 'onePage', page: pageOf('r:c', [1]) })
  t.same(outlineOf(replies), [
    { items: 1, more: false },
    { items: 1, more: true },
    { items: 1, more: false },
  ])
})

t.test('resume collector: one entry above the bound is given all the same', async (t) => {
  const { collector, replies } = collect(1)
  collector.of('r:a').reply({ frame: 'onePage', page: pageOf('r:a', [LIMITS.pageBytes + 1, 1]) })
  t.same(outlineOf(replies), [{ items: 1, more: true }])
})

t.test('resume collector: of a page that is not recovered the newest entries are kept', async (t) => {
  const { collector, replies } = collect(2)
  collector.of('r:a').reply({ frame: 'onePage', page: pageOf('r:a', [LIMITS.pageBytes - 20]) })
  collector.of('r:b').reply({ frame: 'onePage', page: pageOf('r:b', [50, 10, 10], { recovered: false }) })
  t.same(outlineOf(replies), [
    { items: 1, more: false },
    { items: 2, more: false },
  ])
})
