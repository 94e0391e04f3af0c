import { cutShort, nothing, type StreamCheck } from '../stream-check.ts'
import { type FormatScript, PushParser } from './push-parser.ts'

const blockBytes = 512

/** A tar is whole when its last member is, and two blocks of zeros follow it. */
export function checkTarEnd(label: string): StreamCheck {
  const progress = { isEnded: false }
  const parser = new PushParser(readTar(progress))
  return {
    take(chunk) {
      parser.push(chunk)
      return chunk
    },
    end() {
      if (progress.isEnded && parser.isAtPieceStart) return nothing
      throw cutShort(label, 'the two blocks of zeros at the end of a tar are not there')
    },
  }
}

function* readTar(progress: { isEnded: boolean }): FormatScript {
  for (let zeros = 0; zeros < 2; ) {
    const head = yield blockBytes
    if (head.every((byte) => byte === 0)) {
      zeros++
      continue
    }
    zeros = 0
    const bytes = sizeOf(head)
    yield -Math.ceil(bytes / blockBytes) * blockBytes
  }
  progress.isEnded = true
  // Some writers fill up to a larger record.
  for (;;) yield -1
}

/** Octal, or from 8 GiB on in binary with the highest bit set. */
function sizeOf(head: Buffer): number {
  const field = head.subarray(124, 136)
  if (((field[0] ?? 0) & 0x80) !== 0) return Number(field.readBigUInt64BE(4))
  return Number.parseInt(field.toString('latin1').replace(/[\0 ]/g, ''), 8) || 0
}
