/**
 * The kernel's monotonic clock in milliseconds, with fractions. Unlike `performance.now()` it has the same zero in every
 * process of a machine, so one process may note when something was sent and another when it arrived.
 */
const ORIGIN = Number(process.hrtime.bigint()) / 1e6 - performance.now()

export const monotonic = (): number => ORIGIN + performance.now()
