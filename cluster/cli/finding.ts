/** Finding: what one check of `rookery doctor` found, and the check that looks for it. */
export interface Finding {
  /** ok: fine. warn: it works, with a limit. fail: a node would not start, or would lose what it promises. */
  readonly level: 'ok' | 'warn' | 'fail'
  readonly found: string
  /** What to do; only shown when it is not ok. */
  readonly advice: string
}

export interface Check {
  readonly subject: string
  /** What to do when `run` throws, which is a failure whose message is what was found. */
  readonly advice: string
  run(): Finding | Promise<Finding>
}

export const ok = (found: string): Finding => ({ level: 'ok', found, advice: '' })
export const warn = (found: string, advice: string): Finding => ({ level: 'warn', found, advice })
export const fail = (found: string, advice: string): Finding => ({ level: 'fail', found, advice })
