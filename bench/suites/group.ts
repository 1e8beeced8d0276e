/**
 * Group: messages to groups of 10, 100 and 1,000 members, all of them connected to one node.
 */
import { fanOut, type FanOutPlan } from '../fan-out.js'
import type { Suite, SuiteResult } from '../suite.js'

/** Deliveries under way when saturated, the same for every size. */
const UNDER_WAY = 32_000

const FULL = [planOf(10, 1000, 5000), planOf(100, 1000, 500), { ...planOf(1000, 1000, 50), hasMarks: true }]
const QUICK = [{ ...planOf(50, 50, 20), hasMarks: true, seconds: 1, window: 20 }]

export const group: Suite = {
  name: 'group',
  line: 'messages to groups of 10, 100 and 1,000 members: what a delivery costs',
  async run(context) {
    const plans = context.quick ? QUICK : FULL
    const results: SuiteResult[] = []
    for (const [at, plan] of plans.entries()) {
      const progress = (share: number) => context.progress((at + share) / plans.length)
      results.push(await fanOut(plan, { ...context, progress }))
    }
    return {
      measurements: results.flatMap(({ measurements }) => measurements),
      method: [...new Set(results.flatMap(({ method }) => method))],
      plots: results.flatMap(({ plots = [] }) => plots),
    }
  },
}

function planOf(size: number, connections: number, rate: number): FanOutPlan {
  const window = UNDER_WAY / size
  return { suite: 'group', group: `group-${size}-`, size, connections, rate, window, seconds: 4, hasMarks: false }
}
