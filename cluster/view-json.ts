/**
 * View as JSON: how a view is kept in the NATS bucket, readable by people. A value that is no view is an error: somebody else
 * wrote to the bucket.
 */
import { z } from 'zod'
import type { View } from '../actors/membership.js'

const VIEW = z.object({
  number: z.int().min(1),
  version: z.int().min(0),
  members: z.array(
    z.object({
      node: z.string(),
      incarnation: z.number(),
      version: z.int().min(0),
      address: z.string(),
      ready: z.boolean(),
    }),
  ),
  owners: z.array(z.int().min(-1)),
})

export function encodeView(view: View): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(view))
}

/** Throws on anything that is not a view. */
export function decodeView(data: Uint8Array): View {
  return VIEW.parse(JSON.parse(new TextDecoder().decode(data)))
}
