import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { BackstreamError } from '@backstream/kernel'
import { createMemoryStorage, type Storage } from '@backstream/storage'
import fc from 'fast-check'
import { runOf, sourceOf } from './backup-samples.ts'
import type { Manifest } from './manifest.ts'
import { restoreBackup } from './restore-backup.ts'
import { runBackup } from './run-backup.ts'

const { signal } = new AbortController()
const entries = [
  { path: 'dir', type: 'directory' as const },
  { path: 'dir/a', content: 'hello' },
  { path: 'b', content: 'x'.repeat(20_000) },
]

let base: string
let places = 0
before(() => {
  base = mkdtempSync(join(tmpdir(), 'backstream-restore-'))
})
after(() => rmSync(base, { recursive: true, force: true }))

const newPlace = () => join(base, String(places++))

const algorithms = ['zstd', 'gzip', 'none'] as const
type Algorithm = (typeof algorithms)[number]

async function backUp(
  algorithm: Algorithm,
  storage = createMemoryStorage(),
  source = sourceOf({ entries }),
): Promise<{ storage: Storage; manifest: Manifest }> {
  const { deps, request } = runOf(storage, source)
  const plan = { ...request.plan, compression: { algorithm, level: 1 } }
  return { storage, manifest: await runBackup(deps, { ...request, plan }) }
}

const restore = (storage: Storage, manifest: Manifest, to = newPlace()) =>
  restoreBackup(storage, { manifest, to, signal, keepOwners: false })

/** The stored bytes replaced, and the manifest made to agree with them where it is asked to. */
async function storeInstead(storage: Storage, manifest: Manifest, bytes: Uint8Array) {
  const [volume] = manifest.archives
  assert.ok(volume)
  const { sha256 } = await storage.put(volume.key, bytes)
  return { ...volume, bytes: bytes.byteLength, sha256 }
}

async function storedBytes(storage: Storage, manifest: Manifest): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for (const { key } of manifest.archives) {
    for await (const chunk of (await storage.get(key)).body) chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

describe('restoring a backup', () => {
  for (const algorithm of algorithms) {
    it(`gives back what was backed up (${algorithm}, several volumes)`, async () => {
      const small = createMemoryStorage({ partBytes: 512, maxParts: 2 })
      const { storage, manifest } = await backUp(algorithm, small)
      const to = newPlace()
      const report = await restore(storage, manifest, to)
      assert.deepEqual([report.entries, report.files], [3, 2])
      assert.equal(readFileSync(join(to, 'dir/a'), 'utf8'), 'hello')
      assert.equal(readFileSync(join(to, 'b'), 'utf8'), 'x'.repeat(20_000))
    })

    it(`gives back what is fetched in many pieces, and made by a thread (${algorithm})`, async () => {
      // Each byte of a file says which one it is of: pieces that are filled again too early would show.
      const files = Array.from({ length: 64 }, (_, at) => {
        return { path: String(at), content: String.fromCharCode(0x30 + at).repeat(1 << 20) }
      })
      const source = sourceOf({ entries: files })
      const { storage, manifest } = await backUp(algorithm, createMemoryStorage(), source)
      const to = newPlace()
      await restore(storage, manifest, to)
      for (const { path, content } of files) {
        assert.ok(readFileSync(join(to, path), 'latin1') === content, `${path} is another one`)
      }
    })

    it(`never resolves on other bytes than those that were stored (${algorithm})`, async () => {
      const { storage, manifest } = await backUp(algorithm)
      const bytes = await storedBytes(storage, manifest)
      const damage = fc.oneof(
        fc.nat(bytes.length - 1).map((at) => bytes.subarray(0, at)),
        fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 0, max: 7 })).map(([at, bit]) => {
          const flipped = Buffer.from(bytes)
          flipped[at] = (flipped[at] ?? 0) ^ (1 << bit)
          return flipped
        }),
        fc.uint8Array({ minLength: 1, maxLength: 600 }).map((more) => Buffer.concat([bytes, more])),
        fc.nat(bytes.length - 1).map((at) => bytes.subarray(at + 1)),
      )
      await fc.assert(
        fc.asyncProperty(damage, async (damaged) => {
          await storeInstead(storage, manifest, damaged)
          await assert.rejects(restore(storage, manifest))
        }),
        { numRuns: 60 },
      )
    })

    it(`never takes a cut or damaged archive whose size and hash were made to agree (${algorithm})`, async () => {
      const { storage, manifest } = await backUp(algorithm)
      const bytes = await storedBytes(storage, manifest)
      await fc.assert(
        fc.asyncProperty(fc.nat(bytes.length - 1), fc.boolean(), async (at, isCut) => {
          const damaged = Buffer.from(isCut ? bytes.subarray(0, at) : bytes)
          if (!isCut) damaged[at] = (damaged[at] ?? 0) ^ 0x10
          const volume = await storeInstead(storage, manifest, damaged)
          const forged = { ...manifest, archives: [volume] }
          const to = newPlace()
          const outcome = await restore(storage, forged, to).catch((error: unknown) => error)
          if (outcome instanceof Error) return
          // Some bits of the formats' headers mean nothing: then it is what was backed up.
          assert.equal(readFileSync(join(to, 'b'), 'utf8'), 'x'.repeat(20_000))
        }),
        { numRuns: 60 },
      )
    })
  }

  it('compares size, CRC-32 and entries with the manifest', async () => {
    const { storage, manifest } = await backUp('zstd')
    const { content } = manifest
    for (const wrong of [
      { bytes: content.bytes + 512 },
      { crc32: content.crc32 === '00000000' ? '00000001' : '00000000' },
      { entries: content.entries + 1 },
    ]) {
      const forged = { ...manifest, content: { ...content, ...wrong } }
      await assert.rejects(restore(storage, forged), { code: 'not-verified', permanent: true })
    }
  })

  it('names an archive that is gone', async () => {
    const { storage, manifest } = await backUp('zstd')
    await storage.delete(manifest.archives[0]?.key ?? '')
    await assert.rejects(restore(storage, manifest), (error) => error instanceof BackstreamError)
  })

  it('ends with the reason of its signal', async () => {
    const { storage, manifest } = await backUp('zstd')
    const stop = AbortSignal.abort(new Error('stop'))
    const request = { manifest, to: newPlace(), signal: stop, keepOwners: false }
    await assert.rejects(restoreBackup(storage, request), /stop/)
  })

  it('writes into nothing that is not empty', async () => {
    const { storage, manifest } = await backUp('zstd')
    const to = newPlace()
    mkdirSync(to)
    writeFileSync(join(to, 'there already'), '')
    await assert.rejects(restore(storage, manifest, to), { code: 'restore-target' })
    assert.deepEqual(readdirSync(to), ['there already'])
  })
})
