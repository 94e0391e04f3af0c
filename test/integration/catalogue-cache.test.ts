import { deepEqual, equal, ok } from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { readGlances, resolveRef, slotKey } from '@backstream/backup'
import { formatBackupId } from '@backstream/kernel'
import { openCatalogueCache, type QueueConnection } from '@backstream/queue'
import { createMemoryStorage, type Storage } from '@backstream/storage'
import { leakGuard, openTestRedis, sendRedis, type TestRedis } from '@backstream/testkit'
import { openQueue } from './queue-fixture.ts'

const many = 300
const start = Date.UTC(2026, 0, 1)

let redis: TestRedis
let connection: QueueConnection & AsyncDisposable
before(async () => {
  redis = await openTestRedis()
  connection = await openQueue(redis.url, redis.prefix)
})
after(async () => {
  await connection[Symbol.asyncDispose]()
  await redis[Symbol.asyncDispose]()
})
leakGuard()

const idOf = (at: number) => formatBackupId({ startedAtMs: start + at * 60_000, fence: at + 1 })

const object = { bytes: 1, sha256: 'a'.repeat(64), etag: null, versionId: null }

function manifestOf(backup: string): Uint8Array {
  const at = new Date(start).toISOString()
  const manifest = {
    ...{ format: 'backstream/1', minReader: 1, plan: 'media', backup, kind: 'full', parent: null },
    trigger: 'schedule',
    run: {
      ...{ id: 'r', attempt: 1, fence: 1, worker: 'w', host: 'h', scheduledFor: null },
      ...{ startedAt: at, finishedAt: at },
    },
    archives: [{ key: `media/${backup}/archive.tar.zst`, ...object, check: 'md5' }],
    compression: { algorithm: 'zstd', level: 3, frames: 1, frameBytes: 1 },
    encryption: null,
    content: { entries: 7, files: 1, bytes: 1, crc32: '00000000', sha256: null },
    index: { key: `media/${backup}/index.zst`, ...object, footer: { offset: 0, bytes: 1 } },
    sources: [],
    ...{ status: 'good', suspect: [], warnings: [], store: { storageClass: null, sse: null } },
    ...{ previous: null, tool: { name: 'backstream', version: '0' } },
  }
  return new TextEncoder().encode(JSON.stringify(manifest))
}

async function filled(): Promise<{ storage: Storage; reads(): number }> {
  const inner = createMemoryStorage()
  for (let at = 0; at < many; at += 1)
    await inner.put(slotKey('media', idOf(at)), manifestOf(idOf(at)))
  let reads = 0
  const storage: Storage = {
    ...inner,
    get: async (key, options) => {
      reads += 1
      return await inner.get(key, options)
    },
  }
  return { storage, reads: () => reads }
}

describe('the catalogue in Redis', () => {
  it('spares who looks next the reading, and may be lost at any time', async () => {
    const { storage, reads } = await filled()
    const cache = openCatalogueCache(connection)
    const first = await readGlances(storage, 'media', { cache })
    equal(first.glances.length, many)
    equal(reads(), many)
    deepEqual(await readGlances(storage, 'media', { cache }), first)
    equal(reads(), many)
    await sendRedis(redis.url, ['FLUSHALL'])
    deepEqual(await readGlances(storage, 'media', { cache }), first)
    equal(reads(), 2 * many)
  })

  it('never tells of what the bucket does not list, nor of a slot as it was before', async () => {
    const { storage, reads } = await filled()
    const cache = openCatalogueCache(connection)
    await readGlances(storage, 'media', { cache })
    const before = reads()
    await storage.delete(slotKey('media', idOf(0)))
    const slotVoid = { format: 'backstream/1', void: true, by: 'test', reason: '' }
    const changed = JSON.stringify({ ...slotVoid, at: new Date(start).toISOString() })
    await storage.put(slotKey('media', idOf(1)), new TextEncoder().encode(changed))
    const { glances } = await readGlances(storage, 'media', { cache })
    deepEqual(glances.length, many - 2)
    equal(reads(), before + 1)
  })

  it('asks the bucket where what it kept makes no sense', async () => {
    const { storage } = await filled()
    const nonsense = {
      recall: async () =>
        new Map([
          [idOf(0), '{'],
          [idOf(1), '{}'],
        ]),
      keep: async () => {},
    }
    equal((await readGlances(storage, 'media', { cache: nonsense })).glances.length, many)
  })
})

describe('what a look costs', () => {
  it('is a few manifests for the newest good one, however many there are', async () => {
    const { storage, reads } = await filled()
    const { manifest } = await resolveRef(storage, 'media')
    equal(manifest.backup, idOf(many - 1))
    ok(reads() < 10, `${reads()} manifests were read`)
  })

  it('is one manifest for one that is named, and none for what began too late', async () => {
    const { storage, reads } = await filled()
    equal((await resolveRef(storage, `media/${idOf(7)}`)).manifest.backup, idOf(7))
    equal(reads(), 1)
    const early = await resolveRef(storage, 'media', { beforeMs: start + 9 * 60_000 })
    equal(early.manifest.backup, idOf(9))
    ok(reads() < 12, `${reads()} manifests were read`)
  })

  it('is as many manifests as are listed', async () => {
    const { storage, reads } = await filled()
    equal((await readGlances(storage, 'media', { limit: 20 })).glances.length, 20)
    equal(reads(), 20)
  })
})
