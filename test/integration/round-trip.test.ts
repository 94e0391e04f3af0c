import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { after, before, describe, it } from 'node:test'
import { type Manifest, readArchive, restoreBackup, runBackup } from '@backstream/backup'
import { silentLogger, systemClock } from '@backstream/kernel'
import { createDirectorySource } from '@backstream/sources'
import type { Storage } from '@backstream/storage'
import { openS3Storage } from '@backstream/storage-s3'
import {
  compareTrees,
  openTestCeph,
  openTestS3,
  snapshotTree,
  type TestS3,
  temporaryDirectory,
  treeArbitrary,
  uniqueName,
  writeTree,
} from '@backstream/testkit'
import fc from 'fast-check'

const isRoot = process.getuid?.() === 0

/** The headline: a tree that went through backup and restore is the same tree. */
function describeRoundTrip(name: string, openServer: () => Promise<TestS3 | null>): void {
  describe(`a generated tree through ${name}`, () => {
    let server: TestS3 | null
    before(async () => {
      server = await openServer()
    })
    after(async () => await server?.[Symbol.asyncDispose]())

    for (const algorithm of ['zstd', 'gzip', 'none'] as const) {
      it(`comes back the same, by restore and by tar alone (${algorithm})`, async (t) => {
        if (!server) return t.skip('no such server here')
        const s3 = server
        await fc.assert(
          fc.asyncProperty(treeArbitrary({ nonUtf8Names: true }), async (tree) => {
            await using folder = await temporaryDirectory('round-trip')
            const source = `${folder.path}/source`
            await mkdir(source)
            await writeTree(source, tree)
            await using storage = await openStorage(s3)
            const manifest = await backUp(storage, source, algorithm)
            const before = await snapshotTree(source)
            const options = { owners: isRoot }

            const restored = `${folder.path}/restored`
            await restoreBackup(storage, {
              manifest,
              to: restored,
              signal: new AbortController().signal,
              keepOwners: isRoot,
              keepSetuid: true,
            })
            assert.deepEqual(compareTrees(before, await snapshotTree(restored), options), [])

            const extracted = `${folder.path}/extracted`
            await mkdir(extracted)
            await extractByTar(storage, manifest, extracted)
            assert.deepEqual(compareTrees(before, await snapshotTree(extracted), options), [])
          }),
          { numRuns: Number(process.env['TEST_ROUND_TRIPS'] ?? 6) },
        )
      })
    }
  })
}

describeRoundTrip('the embedded S3 server', openTestS3)
describeRoundTrip('a Ceph gateway', openTestCeph)

async function openStorage(server: TestS3): Promise<Storage & AsyncDisposable> {
  const { accessKeyId, secretAccessKey, bucket, endpoint, region } = server
  return await openS3Storage({
    bucket,
    prefix: `${server.prefix}/${uniqueName()}`,
    endpoint,
    region,
    pathStyle: true,
    credentials: { accessKeyId, secretAccessKey },
    logger: silentLogger,
  })
}

async function backUp(
  storage: Storage,
  path: string,
  algorithm: 'zstd' | 'gzip' | 'none',
): Promise<Manifest> {
  const source = createDirectorySource({
    kind: 'directory',
    at: '',
    via: null,
    path,
    exclude: [],
    include: [],
    excludeFile: null,
    excludeCaches: false,
    excludeIfPresent: [],
    excludeLargerThanBytes: null,
    oneFileSystem: false,
    onUnreadable: 'error',
    allowEmpty: true,
  })
  return await runBackup(
    {
      storage,
      sources: [source],
      clock: systemClock,
      logger: silentLogger,
      guard: {
        drawFence: async (floor) => floor + 1,
        recordAttempt: async () => {},
        assertMayCommit: async () => {},
      },
    },
    {
      installation: 'test',
      plan: {
        name: 'tree',
        compression: { algorithm, level: algorithm === 'gzip' ? 6 : 3 },
        cpus: null,
        idleTimeout: { sourceMs: 60_000 },
        encryption: null,
      },
      trigger: 'manual',
      run: { id: '1@1', attempt: 1, worker: 'w', host: 'h', scheduledForMs: null },
      tool: { name: 'backstream', version: '0' },
      store: { storageClass: null, sse: null },
      signal: new AbortController().signal,
    },
  )
}

/** What RESTORE.md says, with the stored bytes on standard input. */
async function extractByTar(storage: Storage, manifest: Manifest, to: string): Promise<void> {
  const tool = { zstd: 'zstd -dc |', gzip: 'gzip -dc |', none: '' }[manifest.compression.algorithm]
  const shell = spawn('sh', ['-c', `set -e; ${tool} tar -xpf - -C "$1"`, 'sh', to], {
    stdio: ['pipe', 'ignore', 'pipe'],
  })
  let told = ''
  shell.stderr.on('data', (chunk: Buffer) => {
    told += chunk
  })
  const ended = new Promise<number | null>((resolve) => shell.once('close', resolve))
  const { signal } = new AbortController()
  await pipeline(readArchive(storage, manifest, { signal }), shell.stdin)
  assert.equal(await ended, 0, told)
}
