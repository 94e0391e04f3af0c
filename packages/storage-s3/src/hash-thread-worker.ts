/**
 * The thread that hashes an upload: see hash-thread.ts. Elsewhere this is loaded too, to have it compiled, and
 * does nothing.
 */
import { parentPort, workerData } from 'node:worker_threads'
import {
  createObjectHasher,
  type ObjectDigest,
  type ObjectHasher,
  type PartDigest,
} from '@backstream/storage/object-digest'
import type { HashOrder, HashThreadInput } from './hash-thread.ts'

/** Several hashes are made of each: what the first has read is still in the core's cache for the others. */
const sliceBytes = 256 << 10

const input = workerData as HashThreadInput | null
if (parentPort && input?.hashes) {
  const port = parentPort
  const hasher = createObjectHasher(input.partBytes, input.hashes)
  port.on('message', (order: HashOrder) => port.postMessage(perform(hasher, order)))
}

/** Null: of a part that is not full nothing is known before the end. */
function perform(hasher: ObjectHasher, order: HashOrder): PartDigest | ObjectDigest | null {
  if (order.kind === 'end') return hasher.finish()
  const before = hasher.parts.length
  for (let at = 0; at < order.bytes; at += sliceBytes) {
    hasher.update(new Uint8Array(order.memory, at, Math.min(sliceBytes, order.bytes - at)))
  }
  return hasher.parts[before] ?? null
}
