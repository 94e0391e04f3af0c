import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ArchiveError } from './archive-error.ts'
import { encodeSeekTable, readSeekTable } from './seek-table.ts'

function objectOf(bytes: Buffer) {
  return {
    bytes: bytes.length,
    read: async (start: number, end: number) => bytes.subarray(start, end),
  }
}

const archive = (frames: readonly number[], stored: number): Buffer =>
  Buffer.concat([Buffer.alloc(stored, 'x'), encodeSeekTable(frames)])

describe('readSeekTable', () => {
  it('reads what was written, of no frames too', async () => {
    for (const frames of [[], [3, 10], [3, 4_194_304, 4, 10]]) {
      const stored = frames.reduce((sum, bytes, at) => (at % 2 === 0 ? sum + bytes : sum), 0)
      assert.deepEqual(await readSeekTable(objectOf(archive(frames, stored))), frames)
    }
  })

  it('reads a table with checksums, as other writers make it', async () => {
    const table = Buffer.alloc(8 + 12 + 9)
    table.writeUInt32LE(0x184d2a5e, 0)
    table.writeUInt32LE(21, 4)
    table.writeUInt32LE(5, 8)
    table.writeUInt32LE(50, 12)
    table.writeUInt32LE(1, 20)
    table[24] = 0x80
    table.writeUInt32LE(0x8f92eab1, 25)
    assert.deepEqual(
      await readSeekTable(objectOf(Buffer.concat([Buffer.alloc(5), table]))),
      [5, 50],
    )
  })

  it('refuses what is no table, or does not fit what stands before it', async () => {
    const whole = archive([3, 10, 4, 10], 7)
    const refuses = (bytes: Buffer) =>
      assert.rejects(readSeekTable(objectOf(bytes)), (error) => error instanceof ArchiveError)
    await refuses(Buffer.alloc(0))
    await refuses(Buffer.alloc(100))
    await refuses(whole.subarray(0, -1))
    await refuses(whole.subarray(1))
    for (let at = 7; at < whole.length; at++) {
      const damaged = Buffer.from(whole)
      damaged[at] = (damaged[at] as number) ^ 0x41
      // A plain size is the one thing that nothing here contradicts.
      const isPlainSize = (at - 15) % 8 >= 4 && at >= 15 && at < 31
      if (!isPlainSize) await refuses(damaged)
    }
  })
})
