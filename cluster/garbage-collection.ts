/**
 * Garbage collection: how V8 is to treat the objects of this process. Decision: ops/adr/0014-young-objects.md.
 */
import { setFlagsFromString } from 'node:v8'

/**
 * New objects are always young ones. V8 otherwise makes those of a place in the code old from the start once most of them outlived a collection, as they do
 * while a node has more to do than it can; from then on every message costs a part of a full collection.
 */
export function keepObjectsYoung(): void {
  setFlagsFromString('--no-allocation-site-pretenuring')
}
