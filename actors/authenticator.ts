/** Authenticator: who a token speaks for. The cluster's one checks JWTs (cluster/auth.ts). */
import type { UserId } from '../protocol/ids.js'

export interface Identity {
  readonly user: UserId
  /** Milliseconds since 1970 at which the token ends; Infinity when it does not. */
  readonly expires: number
}

export interface Authenticator {
  /** Rejects with a reason for people when the token is not to be trusted. Never logs or repeats the token. */
  verify(token: string): Promise<Identity>
}
