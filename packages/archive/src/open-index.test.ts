import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type IndexObject, openIndex } from './open-index.ts'
import {
  type ArchivePart,
  type PackedArchive,
  type PackOptions,
  packArchive,
} from './pack-archive.ts'
import { readTar } from './read-tar.ts'
import type { TarSegment } from './segment.ts'
import { collect, gather, type Sample, segmentOf } from './tar-samples.ts'
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

function objectOf(bytes: Buffer, packed: PackedArchive): IndexObject {
  return {
    bytes: bytes.length,
    footer: packed.summary().index.footer,
    read: (start, end) => Promise.resolve(bytes.subarray(start, end)),
  }
}

describe('the index', () => {
  it('holds one entry for a stream of several members, and the sum of their sizes', async () => {
    const member = { ...file('db', 600), isStream: true }
    const packed = pack([[member, member, member, file('db.json', 5)]])
    await collect(packed.body)
    const index = await openIndex(objectOf(await collect(packed.index), packed))
    const [stream, note] = await gather(index.entries())
    assert.deepEqual(
      { type: stream?.type, size: stream?.size, members: stream?.members, offset: stream?.offset },
      { type: 'stream', size: 1800, members: 3, offset: 0 },
    )
    assert.equal(note?.path, 'db.json')
    assert.deepEqual(packed.summary().content.entries, 4)
    assert.deepEqual(packed.summary().content.files, 2)
  })

  it('is cut into frames of which each can be read alone', async () => {
    const samples = Array.from({ length: 30_000 }, (_, i) => ({ path: `dir/${i}` }))
    const packed = pack([samples, [file('z', 1)]])
    await collect(packed.body)
    const bytes = await collect(packed.index)
    const index = await openIndex(objectOf(bytes, packed))
    assert.ok(index.footer.index.length >= 4)
    const [, second] = index.footer.index
    const entries = await index.entriesIn(second!)
    assert.equal(entries[0]?.path, second?.first)
    assert.equal(entries.length, second?.entries)
    assert.equal(index.footer.index.at(-1)?.part, 1)
  })

  it('gives a line that is longer than a frame one of its own', async () => {
    const long = `${'d/'.repeat(700_000)}f`
    const packed = pack([[{ path: 'a' }, { path: long }, { path: 'b' }]])
    await collect(packed.body)
    const index = await openIndex(objectOf(await collect(packed.index), packed))
    const entries = await gather(index.entries())
    assert.deepEqual(
      entries.map(({ path, offset }) => [path.length, offset]),
      [
        [1, 0],
        [long.length, 1536],
        [1, 1536 + 4 * 512 + 512 * Math.ceil((long.length + 1) / 512)],
      ],
    )
    assert.deepEqual(
      index.footer.index.map((frame) => frame.entries),
      [1, 1, 1],
    )
  })

  it('carries the warnings of the parts, and names that are not UTF-8', async () => {
    const rawPath = Buffer.from([0x66, 0xff])
    const segment = segmentOf({ path: 'f\ufffd', rawPath })
    const warning = { code: 'shrank', path: 'a', message: 'it shrank' }
    const part = {
      ...partOf('p', [segment]),
      warnings: () => [warning],
    }
    const packed = packArchive([part], { compression: zstd, signal })
    await collect(packed.body)
    const index = await openIndex(objectOf(await collect(packed.index), packed))
    assert.deepEqual(index.footer.warnings, [warning])
    const [found] = await gather(index.entries())
    assert.deepEqual(found?.rawPath, rawPath)
  })

  it('is refused when its footer is not where it should be, or names what is not there', async () => {
    const packed = pack([[file('a', 1)]])
    await collect(packed.body)
    const bytes = await collect(packed.index)
    const object = objectOf(bytes, packed)
    const { offset } = object.footer
    for (const footer of [
      { offset: offset + 1, bytes: object.footer.bytes - 1 },
      { offset, bytes: object.footer.bytes + 1 },
      { offset: 0, bytes: bytes.length },
      { offset: -1, bytes: 10 },
    ]) {
      await assert.rejects(openIndex({ ...object, footer }), { name: 'ArchiveError' })
    }
    await assert.rejects(openIndex({ ...object, footer: { offset: 0, bytes: offset } }), {
      name: 'ArchiveError',
    })
  })

  it('reads back together with the tar', async () => {
    const packed = pack([[{ path: 'l', type: 'symlink', linkTarget: '../x', mode: 0o777 }]])
    const plain = unpackFrames(packed.body, { algorithm: 'zstd', signal })
    const [entry] = await gather(readTar(plain, { signal }))
    const index = await openIndex(objectOf(await collect(packed.index), packed))
    const [indexed] = await gather(index.entries())
    assert.equal(indexed?.linkTarget, entry?.header.linkTarget)
    assert.equal(indexed?.mode, entry?.header.mode)
  })
})
