/**
 * Pattern: who sends the n-th message of a generator, how, and how many of this generator's connections will get it. The
 * three ways in which load is made; traffic does the rest.
 */
import type { LoadClient } from './load-client.js'
import type { Pattern } from './orders.js'

export interface Senders {
  /** The connection that sends the n-th message. */
  senderOf(nth: number): number
  /** Of the n-th message, among this generator's connections. */
  recipientsOf(nth: number): number
  send(nth: number, number: number, content: Uint8Array): void
}

/** Groups that were joined: name and the connections of this generator in it. */
export type Groups = readonly { readonly name: string; readonly members: readonly number[] }[]

export function sendersOf(pattern: Pattern, clients: readonly LoadClient[], groups: Groups): Senders {
  switch (pattern) {
    case 'direct':
      return directSenders(clients)
    case 'group':
      return groupSenders(clients, groups)
    case 'echo':
      return echoSenders(clients)
  }
}

/** Every pair in turn, first one way, then the other. */
function directSenders(clients: readonly LoadClient[]): Senders {
  const pairs = Math.floor(clients.length / 2)
  const senderOf = (nth: number) => 2 * (nth % pairs) + (Math.floor(nth / pairs) % 2)
  return {
    senderOf,
    recipientsOf: () => 1,
    send(nth, number, content) {
      const sender = senderOf(nth)
      clients[sender]?.sendDirect(clients[sender ^ 1]?.user ?? '', number, content)
    },
  }
}

/** Every group in turn, and in each every member. */
function groupSenders(clients: readonly LoadClient[], groups: Groups): Senders {
  const groupOf = (nth: number) => groups[nth % groups.length] as Groups[number]
  const senderOf = (nth: number) => {
    const { members } = groupOf(nth)
    return members[Math.floor(nth / groups.length) % members.length] as number
  }
  return {
    senderOf,
    recipientsOf: (nth) => groupOf(nth).members.length - 1,
    send: (nth, number, content) => clients[senderOf(nth)]?.sendGroup(groupOf(nth).name, number, content),
  }
}

function echoSenders(clients: readonly LoadClient[]): Senders {
  const senderOf = (nth: number) => nth % clients.length
  return {
    senderOf,
    recipientsOf: () => 1,
    send: (nth, number, content) => clients[senderOf(nth)]?.echo(number, content),
  }
}
