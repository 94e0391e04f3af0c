import assert from 'node:assert/strict'
import { describe, it, test } from 'node:test'
import fc from 'fast-check'
import { comparePaths, isAtOrBelow } from './compare-paths.ts'
import { entriesBelow } from './find-entries.ts'
import type { IndexEntry } from './index-format.ts'
import { type ArchiveIndex, openIndex } from './open-index.ts'
import { packArchive } from './pack-archive.ts'
import { type ArchiveObject, readEntries } from './read-entries.ts'
import { collect, gather, type Sample, segmentOf } from './tar-samples.ts'

const { signal } = new AbortController()

interface Packed {
  readonly index: ArchiveIndex
  readonly archive: ArchiveObject
  readonly stored: Buffer
  /** Bytes of the archive that were asked for so far. */
  fetched(): number
}

async function pack(
  samples: readonly Sample[],
  {
    algorithm = 'zstd',
    frameBytes = 4096,
  }: { algorithm?: 'zstd' | 'gzip' | 'none'; frameBytes?: number } = {},
): Promise<Packed> {
  const segments = (async function* () {
    for (const sample of samples) yield segmentOf(sample)
  })()
  const compression = { algorithm, level: 1 }
  const packed = packArchive([{ label: '', segments }], { compression, frameBytes, signal })
  const stored = await collect(packed.body)
  const bytes = await collect(packed.index)
  const index = await openIndex({
    bytes: bytes.length,
    footer: packed.summary().index.footer,
    read: async (start, end) => bytes.subarray(start, end),
  })
  let fetched = 0
  const archive: ArchiveObject = {
    async *read(start, end) {
      fetched += end - start
      yield stored.subarray(start, end)
    },
  }
  return { index, archive, stored, fetched: () => fetched }
}

async function read(
  { archive, index }: Pick<Packed, 'archive' | 'index'>,
  wanted: readonly IndexEntry[],
): Promise<[path: string, content: string][]> {
  const found: [string, string][] = []
  for await (const entry of readEntries(archive, { footer: index.footer, wanted, signal }))
    found.push([entry.header.path, (await collect(entry.content)).toString()])
  return found
}

const tree: readonly Sample[] = [
  { path: 'a', type: 'directory' },
  { path: 'a/one', content: Buffer.from('1'.repeat(9000)) },
  { path: 'a/two', content: Buffer.from('2') },
  { path: 'a-b', content: Buffer.from('beside') },
  { path: 'l', type: 'symlink', linkTarget: 'a' },
  ...Array.from({ length: 40 }, (_, at) => ({
    path: `m/${String(at).padStart(3, '0')}`,
    content: Buffer.from(`${at} `.repeat(500)),
  })),
  { path: 'z', content: Buffer.from('last') },
]

describe('reading entries from the frames that hold them', () => {
  for (const algorithm of ['zstd', 'gzip', 'none'] as const) {
    it(`gives what the index says, and fetches no more than it must (${algorithm})`, async () => {
      const packed = await pack(tree, { algorithm })
      const wanted = (await gather(packed.index.entries())).filter(({ path }) =>
        ['a/one', 'l', 'm/020', 'z'].includes(path),
      )
      assert.deepEqual(await read(packed, wanted), [
        ['a/one', '1'.repeat(9000)],
        ['l', ''],
        ['m/020', '20 '.repeat(500)],
        ['z', 'last'],
      ])
      assert.ok(packed.fetched() < packed.stored.length)
    })
  }

  it('gives all members of a stream', async () => {
    const member = (content: string): Sample => ({
      path: 'db',
      content: Buffer.from(content.repeat(3000)),
      isStream: true,
    })
    const packed = await pack([member('a'), member('b'), member('c'), ...tree])
    const [stream] = await gather(packed.index.entries())
    assert.ok(stream)
    const members = await read(packed, [stream])
    assert.equal(
      members.map(([, content]) => content).join(''),
      'a'.repeat(3000) + 'b'.repeat(3000) + 'c'.repeat(3000),
    )
  })

  it('finds names that are not UTF-8', async () => {
    const rawPath = Buffer.from([0x66, 0xff])
    const segment = segmentOf({ path: 'f\ufffd', rawPath, content: Buffer.from('x') })
    const packed = packArchive(
      [
        {
          label: '',
          segments: (async function* () {
            yield segment
          })(),
        },
      ],
      { compression: { algorithm: 'zstd', level: 1 }, signal },
    )
    const stored = await collect(packed.body)
    const bytes = await collect(packed.index)
    const index = await openIndex({
      bytes: bytes.length,
      footer: packed.summary().index.footer,
      read: async (start, end) => bytes.subarray(start, end),
    })
    const archive: ArchiveObject = {
      async *read(start, end) {
        yield stored.subarray(start, end)
      },
    }
    const found = await read({ archive, index }, await gather(index.entries()))
    assert.deepEqual(found, [['f\ufffd', 'x']])
  })

  it('refuses an index that points elsewhere, and a frame that was changed', async () => {
    const packed = await pack(tree)
    const entries = await gather(packed.index.entries())
    const one = entries.find(({ path }) => path === 'a/one')
    assert.ok(one)
    for (const wrong of [
      { ...one, frame: one.frame + 4 },
      { ...one, path: 'a/three' },
      { ...one, frame: 10_000 },
    ]) {
      await assert.rejects(read(packed, [wrong]), { name: 'ArchiveError' })
    }
    const flipped = Buffer.from(packed.stored)
    flipped[200] = (flipped[200] ?? 0) ^ 1
    const archive: ArchiveObject = {
      async *read(start, end) {
        yield flipped.subarray(start, end)
      },
    }
    await assert.rejects(read({ archive, index: packed.index }, [one]), { name: 'ArchiveError' })
  })
})

test('entries below a path are found in every index, and none beside it', async () => {
  const name = fc.constantFrom('a', 'a-b', 'b', 'ä', '𝄞', '\uffee', 'Z', '0')
  const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => names.join('/'))
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(path, { minLength: 1, maxLength: 60 }),
      path,
      async (paths, wanted) => {
        const sorted = paths.toSorted(comparePaths)
        const all: IndexEntry[] = sorted.map((each) => ({
          ...{ path: each, type: 'file', size: 0, mode: 0o644, mtimeMs: 0, frame: 0, offset: 0 },
        }))
        const index = indexOf(all, 3)
        const found = await gather(entriesBelow(index, wanted))
        assert.deepEqual(
          found,
          all.filter((each) => isAtOrBelow(each.path, wanted)),
        )
        assert.deepEqual(await gather(entriesBelow(index, '')), all)
      },
    ),
    { numRuns: 500 },
  )
})

/** An index of frames with `each` entries, without any bytes behind it. */
function indexOf(entries: readonly IndexEntry[], each: number): ArchiveIndex {
  const frames = Array.from({ length: Math.ceil(entries.length / each) }, (_, at) => ({
    ...{ offset: at, bytes: 1, part: 0, entries: each },
    first: entries[at * each]?.path ?? '',
  }))
  return {
    footer: {
      ...{ format: 'backstream-index/1', algorithm: 'zstd', frameBytes: 1, frames: [] },
      ...{ parts: [], index: frames, warnings: [] },
    },
    entriesIn: async ({ offset }) => entries.slice(offset * each, (offset + 1) * each),
    async *entries() {
      yield* entries
    },
  }
}
