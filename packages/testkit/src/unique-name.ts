import { randomBytes } from 'node:crypto'

/** A name nobody else has: valid as a plan, a queue prefix, a bucket and a part of a key. */
export function uniqueName(start = 't'): string {
  return `${start}-${randomBytes(6).toString('hex')}`
}
