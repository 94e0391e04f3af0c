import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { SegmentEntry } from './segment.ts'
import { EntryPacker, SegmentEntries } from './segment-entries.ts'

const anyEntry: fc.Arbitrary<SegmentEntry> = fc.record(
  {
    path: fc.string({ unit: 'binary', minLength: 1, maxLength: 400 }),
    rawPath: fc.uint8Array({ minLength: 1, maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
    type: fc.constantFrom('file', 'directory', 'symlink', 'link', 'stream'),
    size: fc.maxSafeNat(),
    mode: fc.integer({ min: 0, max: 0o7777 }),
    mtimeMs: fc.double({ noNaN: true, noDefaultInfinity: true }).map((ms) => ms + 0),
    offset: fc.maxSafeNat(),
    linkTarget: fc.string({ unit: 'binary', maxLength: 400 }),
  },
  { requiredKeys: ['path', 'type', 'size', 'mode', 'mtimeMs', 'offset'], noNullPrototype: true },
)

describe('SegmentEntries', () => {
  it('gives back whatever was packed, in order', () => {
    fc.assert(
      fc.property(fc.array(anyEntry, { maxLength: 20 }), (entries) => {
        const packed = SegmentEntries.of(entries)
        assert.equal(packed.length, entries.length)
        assert.deepEqual([...packed], entries)
      }),
    )
  })

  it('are looked at without an object for each', () => {
    const entry = { path: 'a', size: 5, mode: 0o644, mtimeMs: 1.5, offset: 512 } as const
    const cursor = SegmentEntries.of([
      { ...entry, type: 'file' },
      { ...entry, type: 'stream', size: 2 ** 45 },
      { ...entry, type: 'symlink', size: 0, linkTarget: 'b' },
    ]).cursor()
    const seen = []
    while (cursor.next()) seen.push([cursor.offset, cursor.size, cursor.isFile, cursor.isStream])
    assert.deepEqual(seen, [
      [512, 5, true, false],
      [512, 2 ** 45, false, true],
      [512, 0, false, false],
    ])
    assert.equal(cursor.next(), false)
  })

  it('take more memory where it is needed, and keep what they had', () => {
    const asked: number[] = []
    const allocate = (bytes: number): SharedArrayBuffer => {
      asked.push(bytes)
      return new SharedArrayBuffer(bytes)
    }
    const packer = new EntryPacker(new SharedArrayBuffer(64), allocate)
    const entries = ['x', 'ü'.repeat(100_000), 'z'].map((path, offset): SegmentEntry => {
      return { path, type: 'file', size: 1, mode: 0, mtimeMs: 0, offset }
    })
    for (const entry of entries) packer.add(entry)
    const packed = packer.packed()
    assert.ok(packed.memory instanceof SharedArrayBuffer)
    assert.ok(asked.length > 1)
    assert.deepEqual([...new SegmentEntries(packed)], entries)
  })
})
