import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { openIndex } from './open-index.ts'
import { packArchive } from './pack-archive.ts'
import { readTar } from './read-tar.ts'
import { chunked, collect, gather, type Sample, segmentOf, tarOf } from './tar-samples.ts'
import { unpackFrames } from './unpack-frames.ts'

const signal = new AbortController().signal
const numRuns = 300

/** One thing that happens to stored bytes. */
type Damage =
  | { readonly kind: 'flip'; readonly at: number; readonly bit: number }
  | { readonly kind: 'cut'; readonly at: number }
  | { readonly kind: 'drop'; readonly at: number; readonly bytes: number }
  | { readonly kind: 'repeat'; readonly at: number; readonly bytes: number }
  | { readonly kind: 'zero'; readonly at: number; readonly bytes: number }

/** Places are fractions of the length, so that one damage fits any bytes. */
const fraction = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
const length = fc.integer({ min: 1, max: 2000 })
const damages: fc.Arbitrary<Damage> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('flip'), at: fraction, bit: fc.nat(7) }) },
  fc.record({ kind: fc.constant('cut'), at: fraction }),
  fc.record({ kind: fc.constantFrom('drop', 'repeat', 'zero'), at: fraction, bytes: length }),
) as fc.Arbitrary<Damage>

function damage(bytes: Buffer, done: Damage): Buffer {
  const at = Math.floor(done.at * bytes.length)
  const head = bytes.subarray(0, at)
  switch (done.kind) {
    case 'flip': {
      const changed = Buffer.from(bytes)
      changed.writeUInt8(changed.readUInt8(at) ^ (1 << done.bit), at)
      return changed
    }
    case 'cut':
      return Buffer.from(head)
    case 'drop':
      return Buffer.concat([head, bytes.subarray(at + done.bytes)])
    case 'repeat':
      return Buffer.concat([head, bytes.subarray(at, at + done.bytes), bytes.subarray(at)])
    case 'zero':
      return Buffer.from(bytes).fill(0, at, Math.min(bytes.length, at + done.bytes))
  }
}

const text = (size: number, seed: number): Buffer =>
  Buffer.from(Array.from({ length: size }, (_, i) => (i * i * seed + (i >> 4)) & 0x7f))
const samples: Sample[] = [
  { path: 'd', type: 'directory' },
  { path: 'd/empty' },
  { path: 'd/small', content: text(700, 3) },
  { path: `${'long/'.repeat(50)}name`, content: text(9000, 5) },
  { path: 'link', type: 'symlink', linkTarget: '../elsewhere'.repeat(12) },
  { path: 'big', content: text(60_000, 7) },
]
const tar = tarOf(samples)

/** All that a restore would use of a tar. */
async function readAll(plain: AsyncIterable<Uint8Array>): Promise<unknown[]> {
  const found: unknown[] = []
  for await (const { header, content, continues } of readTar(plain, { signal })) {
    const { mtimeNs, ...rest } = header
    const bytes = await collect(content)
    found.push({ ...rest, mtimeNs: String(mtimeNs), continues, bytes: bytes.toString('latin1') })
  }
  return found
}

/** Whatever happened: an `ArchiveError`, or exactly what was stored. */
async function sameOrError(read: () => Promise<unknown>, stored: unknown): Promise<void> {
  let found: unknown
  try {
    found = await read()
  } catch (error) {
    assert.equal((error as Error).name, 'ArchiveError', (error as Error).stack)
    return
  }
  assert.deepEqual(found, stored)
}

describe('damaged bytes are an error or make no difference', () => {
  const frameBytes = 8192
  const framesOf = (pack: (frame: Buffer) => Buffer): Buffer =>
    Buffer.concat(
      Array.from({ length: Math.ceil(tar.length / frameBytes) }, (_, i) =>
        pack(tar.subarray(i * frameBytes, (i + 1) * frameBytes)),
      ),
    )
  // 201: the checksum flag.
  const stored = {
    zstd: framesOf((frame) => zstdCompressSync(frame, { params: { 201: 1 } })),
    gzip: framesOf((frame) => gzipSync(frame)),
  }

  for (const algorithm of ['zstd', 'gzip'] as const) {
    it(`in frames of ${algorithm}`, async () => {
      const whole = await readAll(chunked(tar))
      await fc.assert(
        fc.asyncProperty(damages, async (done) => {
          const bytes = damage(stored[algorithm], done)
          const plain = unpackFrames(chunked(bytes, [777]), { algorithm, signal })
          await sameOrError(() => readAll(plain), whole)
        }),
        { numRuns },
      )
    })
  }

  it('in the blocks of a plain tar, its contents and times apart, which only the sums guard', async () => {
    const whole = (await readAll(chunked(tar))) as Record<string, unknown>[]
    const guarded = (entries: readonly Record<string, unknown>[]): unknown =>
      entries.map(({ path, type, size, mode, uid, gid }) => ({ path, type, size, mode, uid, gid }))
    const headers = headerPlaces()
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...headers), fc.nat(511), fc.nat(7), async (at, by, bit) => {
        const bytes = Buffer.from(tar)
        bytes.writeUInt8(bytes.readUInt8(at + by) ^ (1 << bit), at + by)
        await sameOrError(
          async () => guarded((await readAll(chunked(bytes, [1000]))) as typeof whole),
          guarded(whole),
        )
      }),
      { numRuns },
    )
  })

  it('in a plain tar that was cut anywhere', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(tar.length - 1), async (end) => {
        await assert.rejects(readAll(chunked(tar.subarray(0, end), [999])), { code: 'truncated' })
      }),
      { numRuns },
    )
  })

  it('in the index', async () => {
    const many = Array.from({ length: 300 }, (_, i): Sample => ({ path: `dir/${i * 7919}` }))
    const segments = async function* () {
      yield* [...samples, ...many].map(segmentOf)
    }
    const compression = { algorithm: 'zstd', level: 3 } as const
    const packed = packArchive([{ label: 'p', segments: segments() }], { compression, signal })
    await collect(packed.body)
    const object = await collect(packed.index)
    const { footer } = packed.summary().index
    const read = async (bytes: Buffer): Promise<unknown> => {
      const index = await openIndex({
        bytes: bytes.length,
        footer,
        read: (start, end) => Promise.resolve(bytes.subarray(start, end)),
      })
      return { footer: index.footer, entries: await gather(index.entries()) }
    }
    const whole = await read(object)
    await fc.assert(
      fc.asyncProperty(damages, async (done) => {
        await sameOrError(() => read(damage(object, done)), whole)
      }),
      { numRuns },
    )
  })

  it('in bytes that were never any of these', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 3000 }), async (bytes) => {
        for (const algorithm of ['zstd', 'gzip', 'none'] as const) {
          const plain = unpackFrames(chunked(bytes, [100]), { algorithm, signal })
          await assert.rejects(readAll(plain), { name: 'ArchiveError' })
        }
      }),
      { numRuns },
    )
  })
})

/** Where the header blocks of entries stand in `tar`, those of extensions left out. */
function headerPlaces(): number[] {
  const places: number[] = []
  let end = 0
  for (const sample of samples) {
    const { bytes } = segmentOf(sample)
    const content = Math.ceil((sample.content?.length ?? 0) / 512) * 512
    end += bytes.length
    places.push(end - content - 512)
  }
  return places
}
