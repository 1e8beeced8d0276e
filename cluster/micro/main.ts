/**
 * Micro: parts of the server timed by themselves, as a process for whoever may not import them (the suite of that name). Prints one JSON line for
 * each figure: {metric, value, unit}. For allocation it wants `--expose-gc` and a young generation that does not fill.
 */
import type { Figure } from './figure.js'
import { measureGroup } from './group.js'
import { measureParts } from './parts.js'

const isQuick = process.argv.includes('--quick')
const print = (figure: Figure): void => void process.stdout.write(`${JSON.stringify(figure)}\n`)

measureParts(isQuick ? 50 : 500).forEach(print)
;(await measureGroup(isQuick ? 50 : 400)).forEach(print)
process.exit(0)
