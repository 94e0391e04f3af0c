import { cutShort, nothing, type StreamCheck } from '../stream-check.ts'

const magic = 'SQLite format 3\0'
const headBytes = 100

/** An SQLite file says in its head how many pages it has, and of how many bytes. */
export function checkSqliteFile(label: string): StreamCheck {
  let head: Buffer = nothing
  let bytes = 0
  return {
    take(chunk) {
      if (head.length < headBytes)
        head = Buffer.concat([head, chunk.subarray(0, headBytes - head.length)])
      bytes += chunk.length
      return chunk
    },
    end() {
      // A database in which nothing was ever made is a file of no bytes.
      if (bytes === 0) return nothing
      if (head.length < headBytes || head.toString('latin1', 0, 16) !== magic)
        throw cutShort(label, 'it does not begin as an SQLite file does')
      const size = head.readUInt16BE(16)
      const pageBytes = size === 1 ? 65_536 : size
      // The number counts only where whoever wrote last knew of it.
      const isKnown = head.readUInt32BE(24) === head.readUInt32BE(92)
      const expected = isKnown ? head.readUInt32BE(28) * pageBytes : bytes - (bytes % pageBytes)
      if (bytes === expected && bytes > 0) return nothing
      throw cutShort(label, `it has ${bytes} bytes, and ${expected} are said in its head`)
    },
  }
}
