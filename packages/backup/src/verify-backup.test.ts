import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createMemoryStorage, faulty, type Storage } from '@backstream/storage'
import { runOf, type SampleEntry, sourceOf } from './backup-samples.ts'
import type { Manifest } from './manifest.ts'
import { runBackup } from './run-backup.ts'
import { bytesToVerify, verifyBackup } from './verify-backup.ts'

const { signal } = new AbortController()
const entries: readonly SampleEntry[] = [
  { path: 'a', type: 'directory' },
  { path: 'a/one', content: 'one' },
  { path: 'b', type: 'symlink', linkTarget: 'a' },
  { path: 'two', content: 'two '.repeat(5000) },
]

async function backUp(): Promise<{ storage: Storage; manifest: Manifest }> {
  const storage = createMemoryStorage()
  const { deps, request } = runOf(storage, sourceOf({ entries }))
  return { storage, manifest: await runBackup(deps, request) }
}

async function bytesOf(storage: Storage, key: string): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of (await storage.get(key)).body) chunks.push(chunk)
  return Buffer.concat(chunks)
}

async function flip(storage: Storage, key: string, at: number): Promise<void> {
  const bytes = await bytesOf(storage, key)
  bytes[at] = (bytes[at] ?? 0) ^ 0x10
  await storage.put(key, bytes)
}

describe('verifying a backup', () => {
  for (const depth of ['stored', 'deep'] as const) {
    it(`finds nothing wrong with one that is whole, and says what it read (${depth})`, async () => {
      const { storage, manifest } = await backUp()
      const seen: number[] = []
      const onProgress = (bytes: number) => void seen.push(bytes)
      const report = await verifyBackup(storage, { manifest, depth, signal, onProgress })
      assert.deepEqual(report, { depth, problems: [], bytes: bytesToVerify(manifest) })
      assert.equal(seen.at(-1), report.bytes)
    })

    it(`refutes one whose archive was changed, by any bit (${depth})`, async () => {
      const size = (await backUp()).manifest.archives[0]?.bytes ?? 0
      for (const at of [0, 1, size >> 1, size - 1]) {
        const { storage, manifest } = await backUp()
        await flip(storage, manifest.archives[0]?.key ?? '', at)
        const { problems } = await verifyBackup(storage, { manifest, depth, signal })
        assert.ok(problems.length > 0, `byte ${at}`)
      }
    })

    it(`refutes one whose index was changed or is gone (${depth})`, async () => {
      const { storage, manifest } = await backUp()
      await flip(storage, manifest.index.key, 3)
      const changed = await verifyBackup(storage, { manifest, depth, signal })
      assert.ok(changed.problems.some((text) => text.includes('index.zst')))
      await storage.delete(manifest.index.key)
      const gone = await verifyBackup(storage, { manifest, depth, signal })
      assert.ok(gone.problems.length > 0)
    })

    it(`does not take a store that does not answer for a refutation (${depth})`, async () => {
      const { storage, manifest } = await backUp()
      const away = faulty(storage, { faults: [{ on: 'get', fail: 'access-denied' }] })
      await assert.rejects(verifyBackup(away, { manifest, depth, signal }), {
        code: 'access-denied',
      })
    })
  }

  it('names the frame and the files that a flipped bit lies in', async () => {
    const { storage, manifest } = await backUp()
    await flip(storage, manifest.archives[0]?.key ?? '', 40)
    const { problems } = await verifyBackup(storage, { manifest, depth: 'deep', signal })
    assert.ok(problems.some((text) => /^frame 0 at byte 0 .* a, a\/one, b, two$/.test(text)))
  })

  it('compares each entry with the index, deep', async () => {
    const { storage, manifest } = await backUp()
    const other = runOf(storage, sourceOf({ entries: [{ path: 'other', content: 'x' }] }))
    const foreign = await runBackup(other.deps, other.request)
    const mixed = { ...manifest, index: foreign.index }
    const { problems } = await verifyBackup(storage, { manifest: mixed, depth: 'deep', signal })
    assert.equal(problems[0], 'the archive holds a where the index says other')
  })
})
