/**
 * The simulation as a program: runs seeds until there are enough, says how fast, and stops at the first that fails with the seed and the end of
 * its trace. `--seed S --family F` replays one.
 */
import { parseArgs } from 'node:util'
import { FAMILIES } from './faults.js'
import type { FamilyName } from './faults.js'
import { MUTATIONS } from './mutations.js'
import type { Mutation } from './mutations.js'
import { run } from './scenario.js'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    family: { type: 'string' },
    /** Stops after so many, whatever `seeds` says. */
    minutes: { type: 'string', default: 'Infinity' },
    mutation: { type: 'string' },
    lines: { type: 'string', default: '60' },
  },
})

const mutation = values.mutation === undefined ? undefined : mutationOf(values.mutation)
const families =
  values.family !== undefined
    ? [values.family as FamilyName]
    : mutation
      ? [mutation.family]
      : (Object.keys(FAMILIES) as FamilyName[])
const first = Number(values.seed ?? values.from)
const count = values.seed === undefined ? Number(values.seeds) : 1
// stacks cost more than most events; a seed that is replayed has them
if (values.seed === undefined) Error.stackTraceLimit = 0
const started = process.uptime()
let messages = 0
let played = 0
for (let i = 0; i < count && process.uptime() - started < Number(values.minutes) * 60; i++) {
  played++
  const seed = first + i
  for (const family of values.seed !== undefined ? families : [families[i % families.length] as FamilyName]) {
    const result = await run({ seed, family, ...(mutation && { mutation }) })
    messages += result.messages
    if (result.violations.length === 0) continue
    if (values.lines !== '0')
      process.stdout.write(`${result.trace.lines().slice(-Number(values.lines)).join('\n')}\n\n`)
    process.stdout.write(`seed ${String(seed)}, family ${family}:\n${result.violations.slice(0, 12).join('\n')}\n`)
    process.exit(1)
  }
}
const seconds = process.uptime() - started
process.stdout.write(
  `${String(played)} seeds, ${String(messages)} messages in ${String(seconds)} s: ${(played / seconds).toFixed(1)} seeds/s\n`,
)

function mutationOf(name: string): Mutation {
  const found = Object.entries(MUTATIONS).find(([known]) => known.startsWith(name))
  if (found === undefined) throw new Error(`no such mutation; there are:\n${Object.keys(MUTATIONS).join('\n')}`)
  return found[1]
}
