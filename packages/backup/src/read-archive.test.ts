import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import {
  createMemoryStorage,
  isStorageError,
  type Storage,
  StorageError,
} from '@backstream/storage'
import fc from 'fast-check'
import type { Manifest } from './manifest.ts'
import { readArchive } from './read-archive.ts'

const { signal } = new AbortController()
const bytes = Buffer.from(Array.from({ length: 5000 }, (_, at) => (at * 7) % 251))
const cuts = [0, 2000, 4999, 5000]

async function store(): Promise<{ storage: Storage; manifest: Manifest }> {
  const storage = createMemoryStorage()
  const archives = []
  for (const [at, start] of cuts.slice(0, -1).entries()) {
    const part = bytes.subarray(start, cuts[at + 1])
    const key = `media/volume.${at}`
    await storage.put(key, part)
    const sha256 = createHash('sha256').update(part).digest('hex')
    archives.push({ key, bytes: part.length, sha256, etag: null, versionId: null, check: 'md5' })
  }
  return { storage, manifest: { archives } as unknown as Manifest }
}

async function read(storage: Storage, manifest: Manifest): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of readArchive(storage, manifest, { signal })) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** Each get is cut after so many bytes, with an error or without a word. */
function cutting(inner: Storage, drops: readonly { after: number; isSilent: boolean }[]): Storage {
  let gets = 0
  return {
    ...inner,
    async get(...asked) {
      const object = await inner.get(...asked)
      const drop = drops[gets++]
      return drop ? { ...object, body: cut(object.body, drop) } : object
    },
  }
}

async function* cut(
  body: AsyncIterable<Uint8Array>,
  { after, isSilent }: { after: number; isSilent: boolean },
): AsyncGenerator<Uint8Array> {
  let left = after
  for await (const chunk of body) {
    if (left === 0) break
    yield chunk.subarray(0, left)
    left = Math.max(0, left - chunk.byteLength)
  }
  if (!isSilent) throw new StorageError('network', 'the connection was cut')
}

describe('reading an archive', () => {
  it('gives all volumes, one after the other', async () => {
    const { storage, manifest } = await store()
    assert.deepEqual(await read(storage, manifest), bytes)
  })

  it('goes on where a connection dropped, with an error or without one', async () => {
    const drop = fc.record({ after: fc.nat(2500), isSilent: fc.boolean() })
    await fc.assert(
      fc.asyncProperty(fc.array(drop, { maxLength: 4 }), async (drops) => {
        const { storage, manifest } = await store()
        assert.deepEqual(await read(cutting(storage, drops), manifest), bytes)
      }),
    )
  })

  it('gives up on one that drops time and again without a byte', async () => {
    const { storage, manifest } = await store()
    const forever = Array.from({ length: 50 }, () => ({ after: 0, isSilent: false }))
    await assert.rejects(read(cutting(storage, forever), manifest), (error) =>
      isStorageError(error, 'network'),
    )
    const silent = forever.map(({ after }) => ({ after, isSilent: true }))
    await assert.rejects(read(cutting(storage, silent), manifest), { code: 'not-verified' })
  })

  it('rejects other bytes of the same size', async () => {
    const { storage, manifest } = await store()
    await storage.put('media/volume.1', Buffer.alloc(2999))
    await assert.rejects(read(storage, manifest), { code: 'not-verified', permanent: true })
  })

  it('rejects a volume that is longer or shorter than it was', async () => {
    for (const length of [0, 1, 2998, 3000]) {
      const { storage, manifest } = await store()
      await storage.put('media/volume.1', bytes.subarray(2000, 2000 + length))
      await assert.rejects(read(storage, manifest))
    }
  })

  it('does not try again what will not pass', async () => {
    const { storage, manifest } = await store()
    await storage.delete('media/volume.1')
    await assert.rejects(read(storage, manifest), (error) => isStorageError(error, 'not-found'))
  })
})
