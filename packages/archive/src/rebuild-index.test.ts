import assert from 'node:assert/strict'
import { test } from 'node:test'
import { entriesBelow } from './find-entries.ts'
import { type ArchiveIndex, openIndex } from './open-index.ts'
import { packArchive } from './pack-archive.ts'
import { type ArchiveObject, readEntries } from './read-entries.ts'
import { rebuildIndex } from './rebuild-index.ts'
import { collect, gather, type Sample, segmentOf } from './tar-samples.ts'

const { signal } = new AbortController()

interface Packed {
  readonly index: ArchiveIndex
  readonly archive: ArchiveObject & { readonly bytes: number }
}

async function pack(
  parts: readonly (readonly Sample[])[],
  algorithm: 'zstd' | 'gzip' = 'zstd',
): Promise<Packed> {
  const labelled = parts.map((samples, at) => ({
    label: `part${at}`,
    segments: (async function* () {
      for (const sample of samples) yield segmentOf(sample)
    })(),
  }))
  const compression = { algorithm, level: 1 }
  const packed = packArchive(labelled, { compression, frameBytes: 4096, signal })
  const stored = await collect(packed.body)
  const bytes = await collect(packed.index)
  const index = await openIndex({
    bytes: bytes.length,
    footer: packed.summary().index.footer,
    read: async (start, end) => bytes.subarray(start, end),
  })
  const archive = {
    bytes: stored.length,
    async *read(start: number, end: number) {
      yield stored.subarray(start, end)
    },
  }
  return { index, archive }
}

const member = (at: number, size: number): Sample => ({
  path: 'dump.sql',
  isStream: true,
  content: Buffer.alloc(size, String(at)),
})
/** Not in one order over both parts, names too long for a header, and not all of them text. */
const parts: readonly (readonly Sample[])[] = [
  [
    { path: 'm', type: 'directory' },
    ...Array.from({ length: 60 }, (_, at) => ({
      path: `m/${String(at).padStart(3, '0')}-${'long'.repeat(40)}`,
      content: Buffer.from(`${at} `.repeat(500)),
    })),
    { path: 'm/z', type: 'symlink', linkTarget: 'elsewhere' },
    { path: 'n\ufffd', rawPath: Buffer.from([0x6e, 0xff]), content: Buffer.from('odd') },
  ],
  [
    member(1, 9000),
    member(2, 9000),
    member(3, 10),
    { path: 'dump.sql.note', content: Buffer.from('{}') },
  ],
]

test('is, entry by entry, what the stored index was', async () => {
  const { index, archive } = await pack(parts)
  const labels = ['part0', 'part1']
  const rebuilt = await rebuildIndex(archive, { labels, signal })
  const facts = ({ rawPath: _, ...entry }: object & { rawPath?: Buffer }) => entry
  assert.deepEqual(
    (await gather(rebuilt.entries())).map(facts),
    (await gather(index.entries())).map(facts),
  )
  assert.deepEqual(rebuilt.footer.frames, index.footer.frames)
  assert.deepEqual(
    rebuilt.footer.parts.map(({ label }) => label),
    labels,
  )
})

test('leads to the content, wherever in the archive it is', async () => {
  const { archive } = await pack(parts)
  const rebuilt = await rebuildIndex(archive, { labels: [], signal })
  const wanted = [
    ...(await gather(entriesBelow(rebuilt, 'm'))).slice(40, 42),
    ...(await gather(entriesBelow(rebuilt, 'dump.sql'))),
  ]
  assert.equal(wanted.length, 3)
  let bytes = ''
  for await (const { content } of readEntries(archive, {
    footer: rebuilt.footer,
    wanted,
    signal,
  })) {
    bytes += (await collect(content)).toString()
  }
  const expected = [39, 40].map((at) => `${at} `.repeat(500))
  assert.ok(bytes === [...expected, '1'.repeat(9000), '2'.repeat(9000), '3'.repeat(10)].join(''))
})

test('is not made of an archive that does not tell where its frames lie', async () => {
  const { archive } = await pack(parts, 'gzip')
  await assert.rejects(rebuildIndex(archive, { labels: [], signal }), { code: 'corrupt' })
})
