/**
 * Prompt clock: virtual time in which a turn comes by itself, as in a real event loop, for suites that nobody drives a clock in.
 */
import { VirtualClock } from '../clock-virtual.js'

export const promptClock = (): VirtualClock => Object.assign(new VirtualClock(), { turn: queueMicrotask })
