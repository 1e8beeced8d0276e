/**
 * Room: messages to one room of 10,000 members.
 */
import { fanOut, type FanOutPlan } from '../fan-out.js'
import type { Suite } from '../suite.js'

const FULL: FanOutPlan = {
  ...{ suite: 'room', group: 'room-', size: 10_000, connections: 10_000 },
  ...{ rate: 5, window: 8, seconds: 5, hasMarks: true },
}
const QUICK: FanOutPlan = { ...FULL, size: 150, connections: 150, rate: 10, window: 4, seconds: 1 }

export const room: Suite = {
  name: 'room',
  line: 'messages to one room of 10,000 members',
  run: (context) => fanOut(context.quick ? QUICK : FULL, context),
}
