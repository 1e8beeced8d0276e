/** Worker messages: what supervisor and worker tell each other over the channel that node gives to a forked process. */
import type { Config } from './config.js'

export type WorkerOrder =
  /** Comes first; over the channel, so that no secret is in an argument or a variable. */
  { readonly order: 'start'; readonly config: Config } | { readonly order: 'drain' } | { readonly order: 'stop' }

export type WorkerReport =
  | { readonly report: 'ready'; readonly publicPort: number; readonly internalPort: number }
  /** The worker could not start; it ends. */
  | { readonly report: 'failed'; readonly reason: string }
