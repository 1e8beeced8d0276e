/**
 * The cluster under seeds: the rules as they are must pass every one, each rule switched off must be noticed, and a seed must replay
 * to the same end. How many seeds fit into a test run is little; main.js plays thousands.
 */
import t from 'tap'
import { FAMILIES } from '../faults.js'
import type { FamilyName } from '../faults.js'
import { MUTATIONS } from '../mutations.js'
import type { Mutation } from '../mutations.js'
import { run } from '../scenario.js'
import type { RunResult } from '../scenario.js'

const SEEDS = 10
/** The loss of the very last word between two nodes shows in one seed of twenty. */
const SEEDS_OF_MUTATION = 150
/** A long virtual time takes a while. */
const SEEDS_OF_AGES = 2

/** The first seed of a mutation that breaks a promise. */
async function firstFailure(mutation: Mutation): Promise<{ seed: number; result: RunResult } | null> {
  for (let seed = 1; seed <= SEEDS_OF_MUTATION; seed++) {
    const result = await run({ seed, family: mutation.family, mutation })
    if (result.violations.length > 0) return { seed, result }
  }
  return null
}

for (const family of Object.keys(FAMILIES) as FamilyName[]) {
  t.test(`simulation: no promise is broken under the faults of "${family}"`, async (t) => {
    for (let seed = 1; seed <= (family === 'ages' ? SEEDS_OF_AGES : SEEDS); seed++) {
      const { violations, trace } = await run({ seed, family })
      t.same(violations, [], `seed ${String(seed)}`)
      if (violations.length > 0) t.comment(trace.lines().slice(-40).join('\n'))
    }
  })
}

for (const [name, mutation] of Object.entries(MUTATIONS)) {
  t.test(`simulation: it is noticed when the code ${name} (rule ${String(mutation.rule)})`, async (t) => {
    t.ok(await firstFailure(mutation), `within ${String(SEEDS_OF_MUTATION)} seeds of "${mutation.family}"`)
  })
}

t.test('simulation: a failing seed replays to the same failure, step by step', async (t) => {
  const mutation: Mutation = MUTATIONS['announces no heads']
  const failure = await firstFailure(mutation)
  if (failure === null) throw new Error('the mutation was not noticed')
  const again = await run({ seed: failure.seed, family: mutation.family, mutation })
  t.same(again.violations, failure.result.violations)
  t.same(again.trace.lines(), failure.result.trace.lines())
})
