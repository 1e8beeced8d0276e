/**
 * Token bucket: a rate limit of two numbers per owner, a connection or a user. It fills by the clock when it is asked, so
 * it needs no timer; the rate is shared by all owners and given with every question.
 */

export interface Rate {
  /** Tokens that come back in a second; above 0. */
  readonly perSecond: number
  /** Tokens of a full bucket: what may be taken at once. */
  readonly burst: number
}

export class TokenBucket {
  private tokens: number
  private filledAt: number

  /** Full at first. */
  constructor(rate: Rate, now: number) {
    this.tokens = rate.burst
    this.filledAt = now
  }

  /** Takes `cost` tokens, or none and answers false. What costs more than a full bucket goes when the bucket is full. */
  take(rate: Rate, now: number, cost = 1): boolean {
    this.fill(rate, now)
    const price = Math.min(cost, rate.burst)
    if (this.tokens < price) return false
    this.tokens -= price
    return true
  }

  /** Milliseconds until `take` would answer true; 0 when it would now. */
  wait(rate: Rate, now: number, cost = 1): number {
    this.fill(rate, now)
    const missing = Math.min(cost, rate.burst) - this.tokens
    return missing <= 0 ? 0 : Math.ceil((missing * 1000) / rate.perSecond)
  }

  /** A clock that steps back gives nothing, and takes nothing away. */
  private fill(rate: Rate, now: number): void {
    const elapsed = Math.max(0, now - this.filledAt)
    this.tokens = Math.min(rate.burst, this.tokens + (elapsed * rate.perSecond) / 1000)
    this.filledAt = now
  }
}
