import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { openIndex } from './open-index.ts'
import {
  type ArchivePart,
  type PackedArchive,
  type PackOptions,
  packArchive,
} from './pack-archive.ts'
import { readSeekTable } from './seek-table.ts'
import type { TarSegment } from './segment.ts'
import { SegmentEntries } from './segment-entries.ts'
import { chunked, collect, gather, type Sample, segmentOf, tarOf } from './tar-samples.ts'
import { unpackFrames } from './unpack-frames.ts'

const signal = new AbortController().signal
const zstd = { algorithm: 'zstd', level: 3 } as const

function pack(
  parts: readonly (readonly Sample[])[],
  options: Partial<PackOptions> = {},
): PackedArchive {
  const archiveParts = parts.map((samples, at) => partOf(`p${at}`, samples.map(segmentOf)))
  return packArchive(archiveParts, { compression: zstd, signal, ...options })
}

function partOf(label: string, segments: Iterable<TarSegment>): ArchivePart {
  return {
    label,
    segments: (async function* () {
      yield* segments
    })(),
  }
}

const file = (path: string, size: number): Sample => ({
  path,
  content: Buffer.alloc(size, `${path} `),
})

function objectOf(bytes: Buffer, packed: PackedArchive) {
  return {
    bytes: bytes.length,
    footer: packed.summary().index.footer,
    read: (start: number, end: number) => Promise.resolve(bytes.subarray(start, end)),
  }
}

describe('packArchive', () => {
  for (const algorithm of ['zstd', 'gzip', 'none'] as const) {
    it(`makes a tar that reads back the same (${algorithm})`, async () => {
      const samples = [file('a', 3000), file('b', 0), file('c', 100_000)]
      const packed = pack([samples], {
        compression: { algorithm, level: 3 },
        frameBytes: 8192,
      })
      const body = await collect(packed.body)
      const plain = await collect(unpackFrames(chunked(body, [999]), { algorithm, signal }))
      assert.ok(plain.equals(tarOf(samples)))
      assert.deepEqual(packed.summary().content, {
        entries: 3,
        files: 3,
        bytes: plain.length,
        crc32: crc32(plain).toString(16).padStart(8, '0'),
      })
      assert.equal(packed.summary().frames, Math.ceil(plain.length / 8192))
    })
  }

  it('finds every entry where the index says it is, over generated sizes of frames, segments and files', async () => {
    const sizes = fc.array(fc.oneof(fc.nat(3000), fc.constantFrom(0, 511, 512, 513, 1024, 3584)), {
      maxLength: 12,
    })
    await fc.assert(
      fc.asyncProperty(
        fc.array(sizes, { maxLength: 3 }),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 12 }),
        async (partSizes, frameBlocks, joined) => {
          const parts = partSizes.map((list, p) => list.map((size, at) => file(`${p}/${at}`, size)))
          const packed = packArchive(
            parts.map((samples, p) =>
              partOf(`p${p}`, joinSegments(samples.map(segmentOf), joined)),
            ),
            { compression: zstd, signal, frameBytes: frameBlocks * 512 },
          )
          const [body, index] = await Promise.all([collect(packed.body), collect(packed.index)])
          const plain = await collect(unpackFrames(chunked(body), { algorithm: 'zstd', signal }))
          assert.ok(plain.equals(tarOf(parts.flat())))
          const { footer, entries } = await openIndex(objectOf(index, packed))
          const starts = plainStarts(footer.frames)
          const found = await gather(entries())
          assert.deepEqual(
            found.map(({ path }) => path),
            parts.flat().map(({ path }) => path),
          )
          for (const { path, frame, offset } of found) {
            const at = (starts[frame] as number) + offset
            const block = plain.subarray(at)
            // The pax header that carries the mtime comes first.
            assert.equal(block.toString('latin1', 156, 157), 'x')
            assert.equal(block.toString('latin1', 1024, 1024 + path.length), path)
          }
          let at = 0
          for (const part of footer.parts) {
            assert.equal(part.firstFrame, at)
            at = part.lastFrame + 1
          }
        },
      ),
      { numRuns: 60 },
    )
  })

  it('begins a new frame with each part', async () => {
    const packed = pack([[file('a', 10)], [], [file('b', 10)]])
    await collect(packed.body)
    assert.deepEqual(packed.summary().parts, [
      { label: 'p0', entries: 1, bytes: 10, firstFrame: 0, lastFrame: 0 },
      { label: 'p1', entries: 0, bytes: 0, firstFrame: 1, lastFrame: 0 },
      { label: 'p2', entries: 1, bytes: 10, firstFrame: 1, lastFrame: 1 },
    ])
    assert.equal(packed.summary().frames, 2)
  })

  it('begins a new frame before each large member, and nowhere else inside a part', async () => {
    const large = 3 * 4096
    const samples = [
      file('a', 10),
      file('b', large),
      file('c', 10),
      file('d', 10),
      file('e', large),
    ]
    const packed = packArchive([partOf('p', joinSegments(samples.map(segmentOf), 5))], {
      compression: zstd,
      signal,
      frameBytes: 4096,
    })
    const [body, index] = await Promise.all([collect(packed.body), collect(packed.index)])
    const plain = await collect(unpackFrames(chunked(body), { algorithm: 'zstd', signal }))
    assert.ok(plain.equals(tarOf(samples)))
    const found = await gather((await openIndex(objectOf(index, packed))).entries())
    const places = new Map(found.map(({ path, frame, offset }) => [path, { frame, offset }]))
    assert.deepEqual([places.get('b')?.offset, places.get('e')?.offset], [0, 0])
    assert.equal(places.get('d')?.frame, places.get('c')?.frame)
    assert.notEqual(places.get('c')?.offset, 0)
  })

  it('ends in the frame table, as the index has it, when it is zstd', async () => {
    const packed = pack([[file('a', 30_000)], [file('b', 10)]], { frameBytes: 4096 })
    const [body, index] = await Promise.all([collect(packed.body), collect(packed.index)])
    const { footer } = await openIndex(objectOf(index, packed))
    assert.deepEqual(await readSeekTable(objectOf(body, packed)), footer.frames)
  })

  it('makes the same bytes in memory that is filled again', async () => {
    for (const algorithm of ['zstd', 'gzip', 'none'] as const) {
      const compression = { algorithm, level: 3 }
      const parts = [[file('a', 30_000), file('b', 10)]]
      const once = await collect(pack(parts, { compression, frameBytes: 4096 }).body)
      const { body } = pack(parts, { compression, frameBytes: 4096, reusesMemory: true })
      const copies: Buffer[] = []
      for await (const chunk of body) copies.push(Buffer.from(chunk))
      assert.ok(Buffer.concat(copies).equals(once))
    }
  })

  it('makes an empty archive of no parts', async () => {
    const packed = pack([])
    const body = await collect(packed.body)
    const plain = await collect(unpackFrames(chunked(body), { algorithm: 'zstd', signal }))
    assert.ok(plain.equals(Buffer.alloc(1024)))
  })

  it('hands full frames on without a copy and releases each segment once', async () => {
    const released: number[] = []
    const segments = [8192, 8192, 4096, 512, 20_480].map((size, at) => ({
      bytes: Buffer.alloc(size, at),
      entries: SegmentEntries.none,
      release: () => {
        released.push(at)
      },
    }))
    const packed = packArchive([partOf('p', segments)], {
      compression: zstd,
      signal,
      frameBytes: 8192,
    })
    await collect(packed.body)
    assert.deepEqual(released.toSorted(), [0, 1, 2, 3, 4])
  })

  it('never releases what it hands on uncompressed', async () => {
    const segment = {
      bytes: Buffer.alloc(8192),
      entries: SegmentEntries.none,
      release: () => assert.fail(),
    }
    const packed = packArchive([partOf('p', [segment])], {
      compression: { algorithm: 'none', level: 0 },
      signal,
      frameBytes: 8192,
    })
    assert.equal((await collect(packed.body)).length, 8192 + 1024)
  })
})

describe("packArchive's gate", () => {
  it('is asked after the last byte and before the end, with the summary at hand', async () => {
    const events: string[] = []
    const packed = pack([[file('a', 10)]], {
      beforeEnd: async () => {
        events.push(`gate with ${packed.summary().parts[0]?.entries} entries`)
      },
    })
    for await (const _ of packed.body) events.push('bytes')
    // One frame, and the seek table.
    assert.deepEqual(events, ['bytes', 'bytes', 'gate with 1 entries'])
  })

  it('destroys body and index when it rejects', async () => {
    const packed = pack([[file('a', 10)]], {
      beforeEnd: () => Promise.reject(new Error('exit status 1')),
    })
    const index = collect(packed.index)
    await Promise.all([
      assert.rejects(collect(packed.body), { message: 'exit status 1' }),
      assert.rejects(index, { message: 'exit status 1' }),
    ])
  })
})

describe('packArchive, when something fails', () => {
  it('throws the error of a source after the bytes before it, and never ends', async () => {
    const failing: ArchivePart = {
      label: 'p',
      segments: (async function* () {
        yield segmentOf(file('a', 10_000))
        throw new Error('the dump stopped')
      })(),
    }
    const packed = packArchive([failing], { compression: zstd, signal, frameBytes: 1024 })
    await assert.rejects(collect(packed.body), { message: 'the dump stopped' })
    await assert.rejects(collect(packed.index), { message: 'the dump stopped' })
    assert.throws(() => packed.summary(), { code: 'unfinished' })
  })

  it('notices a segment that was lost, or came too early', async () => {
    const { bytes, entries } = segmentOf(file('a', 3000))
    const head: TarSegment = { bytes: bytes.subarray(0, 1024), entries }
    const tail: TarSegment = { bytes: bytes.subarray(1024), entries: SegmentEntries.none }
    const next = segmentOf(file('b', 10))
    await collect(
      packArchive([partOf('p', [head, tail, next])], { compression: zstd, signal }).body,
    )
    const odd = { bytes: Buffer.alloc(100), entries: SegmentEntries.none }
    for (const segments of [[head, next], [head], [tail, odd], [head, next, tail]]) {
      const packed = packArchive([partOf('p', segments)], { compression: zstd, signal })
      await assert.rejects(collect(packed.body), { code: 'corrupt', message: /source p/ })
    }
  })

  it('stops with the reason of its signal, the source told to stop', async () => {
    const controller = new AbortController()
    let isReturned = false
    const endless: ArchivePart = {
      label: 'p',
      segments: (async function* () {
        try {
          for (;;) yield segmentOf(file('a', 1000))
        } finally {
          isReturned = true
        }
      })(),
    }
    const packed = packArchive([endless], {
      compression: zstd,
      signal: controller.signal,
      frameBytes: 1024,
    })
    const index = collect(packed.index)
    index.catch(() => {})
    await assert.rejects(
      async () => {
        for await (const _ of packed.body) controller.abort(new Error('enough'))
      },
      { message: 'enough' },
    )
    await assert.rejects(index, { message: 'enough' })
    assert.equal(isReturned, true)
  })

  it('fails an index that waits when the body is given up, or never begun', async () => {
    const givenUp = pack([[file('a', 10_000)]], { frameBytes: 1024 })
    const index = collect(givenUp.index)
    index.catch(() => {})
    for await (const _ of givenUp.body) break
    await assert.rejects(index, { code: 'unfinished' })

    const controller = new AbortController()
    const neverBegun = pack([[file('a', 10)]], { signal: controller.signal })
    const waiting = collect(neverBegun.index)
    waiting.catch(() => {})
    controller.abort(new Error('enough'))
    await assert.rejects(waiting, { message: 'enough' })
  })
})

/** Joins runs of `count` segments into one, as a directory source's slabs hold many entries. */
function joinSegments(segments: readonly TarSegment[], count: number): TarSegment[] {
  const joined: TarSegment[] = []
  for (let at = 0; at < segments.length; at += count) {
    let bytes = 0
    const entries = segments.slice(at, at + count).flatMap((segment) => {
      const moved = [...segment.entries].map((entry) => ({
        ...entry,
        offset: entry.offset + bytes,
      }))
      bytes += segment.bytes.length
      return moved
    })
    joined.push({
      bytes: Buffer.concat(segments.slice(at, at + count).map((segment) => segment.bytes)),
      entries: SegmentEntries.of(entries),
    })
  }
  return joined
}

function plainStarts(frames: readonly number[]): number[] {
  const starts: number[] = []
  let at = 0
  for (let i = 1; i < frames.length; i += 2) {
    starts.push(at)
    at += frames[i] as number
  }
  return starts
}
