/**
 * Load program: a process that carries out tasks for a suite, one at a time, so that its work is not counted as the servers'. A program is a
 * file that calls `carryOut` with its tasks and exports their type; the suite's side asks for them by name. One that fails or ends is an error
 * of the suite, never a smaller figure.
 */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { usageOf } from '../accounting.js'

/** Plan in, result out; both cross a process boundary. */
export type Tasks = Readonly<Record<string, (plan: never) => Promise<unknown>>>

type PlanOf<T extends Tasks, N extends keyof T> = Parameters<T[N]>[0]
type ResultOf<T extends Tasks, N extends keyof T> = Awaited<ReturnType<T[N]>>

interface Asked {
  readonly task: string
  readonly plan: unknown
}

type Answer = { readonly result: unknown } | { readonly failure: string }

/** The program's side: ends with its parent. */
export function carryOut(tasks: Tasks): void {
  const perform = async ({ task, plan }: Asked): Promise<unknown> => tasks[task]?.(plan as never)
  process.on('disconnect', () => process.exit(0))
  process.on('message', (asked: Asked) => {
    perform(asked)
      .then((result): Answer => ({ result }))
      .catch((error: unknown): Answer => ({ failure: error instanceof Error ? (error.stack ?? '') : String(error) }))
      .then((answer) => process.send?.(answer))
      .catch(() => process.exit(1))
  })
}

/** The suite's side. */
export class LoadProgram<T extends Tasks> {
  readonly #child: ChildProcess
  /** CPU seconds at its end, when it is no longer in /proc. */
  #lastCpu = 0

  /** `file` is the compiled program. */
  constructor(file: URL, flags: readonly string[] = []) {
    this.#child = fork(file, { serialization: 'advanced', execArgv: ['--enable-source-maps', ...flags] })
  }

  async ask<N extends keyof T & string>(task: N, plan: PlanOf<T, N>): Promise<ResultOf<T, N>> {
    const done = new AbortController()
    const { signal } = done
    const ended = once(this.#child, 'exit', { signal }).then((): Answer => ({ failure: 'it ended' }))
    const answered = once(this.#child, 'message', { signal }).then(([answer]) => answer as Answer)
    this.#child.send({ task, plan } satisfies Asked)
    const answer = await Promise.race([answered, ended])
    done.abort()
    await Promise.allSettled([answered, ended])
    if ('result' in answer) return answer.result as ResultOf<T, N>
    throw new Error(`load program, ${task}: ${answer.failure}`)
  }

  /** CPU seconds so far. */
  get cpu(): number {
    this.#lastCpu = usageOf(this.#child.pid ?? 0, 'load')['load']?.cpu ?? this.#lastCpu
    return this.#lastCpu
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exited = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await exited
  }
}

/** Runs `suite` with so many processes of a program and ends them afterwards. */
export async function withPrograms<T extends Tasks, R>(
  count: number,
  file: URL,
  suite: (programs: readonly LoadProgram<T>[]) => Promise<R>,
): Promise<R> {
  const programs = Array.from({ length: count }, () => new LoadProgram<T>(file))
  try {
    return await suite(programs)
  } finally {
    await Promise.all(programs.map((program) => program.end()))
  }
}
