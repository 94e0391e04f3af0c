/**
 * An RDB: `REDIS` and four digits, the data, 0xFF, and a CRC-64 of all before it. redis-cli passes on
 * what a master sends; one that does not know the length beforehand sends a mark of 40 bytes behind it,
 * which older clients leave there.
 */
import { SourceError } from '../source-error.ts'
import { cutShort, nothing, type StreamCheck } from '../stream-check.ts'
import { Crc64 } from './crc64.ts'

const endOpcode = 0xff
const sumBytes = 8
const markBytes = 40
const heldBytes = sumBytes + markBytes

export function checkRedisDump(label: string): StreamCheck {
  const sum = new Crc64()
  let head: Buffer = nothing
  let held: Buffer = nothing
  let last = 0
  return {
    take(chunk) {
      if (head.length < 9) head = Buffer.concat([head, chunk.subarray(0, 9 - head.length)])
      if (head.length === 9 && !/^REDIS\d{4}$/.test(head.toString('latin1'))) throw notADump(label)
      const all = Buffer.concat([held, chunk])
      // What is held back may be the sum, or the sum and a mark.
      const settled = all.subarray(0, Math.max(0, all.length - heldBytes))
      held = all.subarray(settled.length)
      sum.update(settled)
      last = settled.at(-1) ?? last
      return settled
    },
    end() {
      const end = { held, sum, last }
      const bytes = wholeWithMark(end) ?? wholeWithout(end)
      if (bytes) return bytes
      throw cutShort(label, 'neither its end nor the checksum behind it is there')
    },
  }
}

interface End {
  readonly held: Buffer
  readonly sum: Crc64
  /** The byte before `held`. */
  readonly last: number
}

/** With a mark behind it, which does not belong into the archive. */
function wholeWithMark({ held, sum, last }: End): Buffer | null {
  const told = held.subarray(0, sumBytes)
  const isHex = /^[0-9a-f]{40}$/.test(held.subarray(sumBytes).toString('latin1'))
  return last === endOpcode && isHex && isSum(told, sum) ? told : null
}

function wholeWithout({ held, sum }: End): Buffer | null {
  const data = held.subarray(0, -sumBytes)
  sum.update(data)
  return data.at(-1) === endOpcode && isSum(held.subarray(-sumBytes), sum) ? held : null
}

/** A server with `rdbchecksum no` writes zeros. */
function isSum(told: Buffer, sum: Crc64): boolean {
  return told.length === sumBytes && (told.equals(sum.digest()) || told.every((byte) => byte === 0))
}

function notADump(label: string): SourceError {
  return new SourceError('trailer-missing', `The output of ${label} is not an RDB of Redis`, {
    remedy: 'See what the client writes to its standard output instead.',
  })
}
