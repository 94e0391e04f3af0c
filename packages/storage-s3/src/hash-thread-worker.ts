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

function perform(hasher: ObjectHasher, order: HashOrder): PartDigest | ObjectDigest | null {
  switch (order.kind) {
    case 'bytes':
      for (let at = 0; at < order.bytes; at += sliceBytes) {
        hasher.update(new Uint8Array(order.memory, at, Math.min(sliceBytes, order.bytes - at)))
      }
      return null
    case 'part':
      return digestOf(hasher, order.partNumber)
    case 'end':
      return hasher.finish()
  }
}

function digestOf({ parts }: ObjectHasher, partNumber: number): PartDigest {
  const part = parts[partNumber - 1]
  if (part && parts.length === partNumber) return part
  throw new Error(`part ${partNumber} is asked for, and ${parts.length} are full`)
}
