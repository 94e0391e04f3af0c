import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { existsSync, lstatSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { parseAgeIdentities } from '@backstream/archive'
import { createMemoryStorage, type Storage } from '@backstream/storage'
import fc from 'fast-check'
import { runOf, type SampleEntry, sourceOf } from './backup-samples.ts'
import { emptyReport } from './extract-report.ts'
import type { Manifest } from './manifest.ts'
import { carryOutRestore, notRestored, planRestore, type RestoreOrder } from './restore.ts'
import { runBackup } from './run-backup.ts'
import { verifyBackup } from './verify-backup.ts'

const { signal } = new AbortController()
const identities = parseAgeIdentities(
  'AGE-SECRET-KEY-1N0KMFR3M2AQMTLRJ7745SDSPLSKZX8XVYAM62AYUGH7E5JHLV06QWA59TU',
)
const recipients = identities.map(({ recipient }) => recipient.text)

/** Small files before, between and behind two that do not shrink: several frames. */
const large = () => randomBytes(3_600_000).toString('base64')
const small = (folder: string): SampleEntry[] => [
  { path: folder, type: 'directory', mode: 0o750 },
  ...Array.from({ length: 20 }, (_, n) => ({
    path: `${folder}/${n}`,
    content: `${folder} ${n} `.repeat(40),
  })),
]
const entries: readonly SampleEntry[] = [
  ...small('a'),
  { path: 'a/large', content: large() },
  ...small('b'),
  { path: 'b/large', content: large() },
  { path: 'b/link', type: 'link', linkTarget: 'b/large' },
  ...small('c'),
]
const files = entries.filter(({ type = 'file' }) => type === 'file')

let base: string
let places = 0
before(() => {
  base = mkdtempSync(join(tmpdir(), 'backstream-damaged-'))
})
after(() => rmSync(base, { recursive: true, force: true }))

interface Stored {
  readonly storage: Storage
  readonly manifest: Manifest
}

async function backUp(
  algorithm: 'zstd' | 'gzip' | 'none',
  { isEncrypted = false, storage = createMemoryStorage(), content = entries } = {},
): Promise<Stored> {
  const { deps, request } = runOf(storage, sourceOf({ entries: content }))
  const encryption = isEncrypted ? { recipients } : null
  const plan = { ...request.plan, compression: { algorithm, level: 1 }, encryption }
  return { storage, manifest: await runBackup(deps, { ...request, plan }) }
}

async function bytesOf({ storage, manifest }: Stored): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of (await storage.get(manifest.archives[0]?.key ?? '')).body) {
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

async function put({ storage, manifest }: Stored, bytes: Uint8Array): Promise<void> {
  await storage.put(manifest.archives[0]?.key ?? '', bytes)
}

interface Restored {
  readonly to: string
  readonly error: unknown
  readonly missing: readonly string[]
  readonly entries: number
}

async function restore(
  { storage, manifest }: Stored,
  order: Partial<RestoreOrder> = {},
): Promise<Restored> {
  const to = join(base, String(places++))
  const plan = await planRestore(storage, {
    ...{ manifest, to, signal, identities, keepOwners: false },
    ...order,
  })
  const report = emptyReport()
  const error = await carryOutRestore(storage, plan, { report }).then(
    () => null,
    (reason: unknown) => reason,
  )
  const missing: string[] = []
  if (error) for await (const path of notRestored(storage, plan, report)) missing.push(path)
  return { to, error, missing, entries: report.entries }
}

/** Whatever is there is whole, and whatever is not is named. */
function assertHonest({ to, missing }: Restored, wanted = files): void {
  for (const { path, content = '' } of wanted) {
    if (existsSync(join(to, path))) {
      assert.ok(!missing.includes(path), `${path} is there, and named as missing`)
      assert.ok(readFileSync(join(to, path), 'utf8') === content, `${path} is not what it was`)
    } else assert.ok(missing.includes(path), `${path} is not there, and not named`)
  }
}

describe('restoring what is damaged', () => {
  for (const [algorithm, isEncrypted] of [
    ['zstd', false],
    ['zstd', true],
    ['gzip', false],
    ['none', true],
  ] as const) {
    it(`gives back all that is whole and names the rest, wherever a bit is flipped (${algorithm}${isEncrypted ? ', encrypted' : ''})`, async () => {
      const stored = await backUp(algorithm, { isEncrypted })
      const bytes = await bytesOf(stored)
      // What opens an encrypted archive is its header, and its last chunk is what proves its size:
      // without the one nothing can be read, without the other nothing by range.
      const [from, behind] = isEncrypted ? [1_000, 70_000] : [0, 0]
      await fc.assert(
        fc.asyncProperty(
          fc.integer({ min: from, max: bytes.length - 1 }),
          fc.boolean(),
          async (at, isAsked) => {
            const isPart = isAsked && at < bytes.length - behind
            const damaged = Buffer.from(bytes)
            damaged[at] = (damaged[at] ?? 0) ^ 0x04
            await put(stored, damaged)
            const wanted = isPart ? files.filter(({ path }) => !path.startsWith('a/')) : files
            const restored = await restore(stored, isPart ? { paths: ['b', 'c'] } : {})
            assert.ok(restored.error || isPart)
            assertHonest(restored, wanted)
            // Of three frames and more one is damaged, and what begins in the next one is lost at most.
            assert.ok(restored.missing.length < entries.length / 2, restored.missing.join())
          },
        ),
        { numRuns: 12 },
      )
    })
  }

  /** Worth a thread. */
  const more = [...entries, { path: 'd', content: 'd'.repeat(12 << 20) }, ...small('e')]

  it('does so where a thread makes the tree', async () => {
    const content = more
    const stored = await backUp('zstd', { content })
    const bytes = await bytesOf(stored)
    for (const part of [0.0001, 0.3, 0.6, 0.99]) {
      const damaged = Buffer.from(bytes)
      const at = Math.floor(bytes.length * part)
      damaged[at] = (damaged[at] ?? 0) ^ 0x04
      await put(stored, damaged)
      const restored = await restore(stored)
      assert.ok(restored.error)
      assertHonest(
        restored,
        content.filter(({ type = 'file' }) => type === 'file'),
      )
      assert.ok(restored.missing.length < content.length / 2, restored.missing.join())
    }
  })

  it('leaves out a link to what is damaged, and sets modes as if nothing were', async () => {
    const stored = await backUp('zstd')
    const bytes = await bytesOf(stored)
    const { problems } = await verifyDamagedAt(stored, bytes, Math.round(bytes.length * 0.75))
    assert.match(problems.join(), /in it lie .*b\/large/)
    const { to, missing, error } = await restore(stored)
    assert.ok(error)
    assert.deepEqual(missing.toSorted(), ['b/large', 'b/link'])
    assert.equal(lstatSync(join(to, 'b')).mode & 0o777, 0o750)
    assert.equal(lstatSync(join(to, 'c')).mode & 0o777, 0o750)
  })

  for (const [title, content] of [
    ['says of an archive that only ends otherwise that all of it is there', entries],
    ['says so where a thread made the tree', more],
  ] as const) {
    it(title, async () => {
      const stored = await backUp('zstd', { content })
      await put(stored, await bytesOf(stored))
      const [volume] = stored.manifest.archives
      const forged = { ...stored.manifest, archives: [{ ...volume!, sha256: '0'.repeat(64) }] }
      const restored = await restore({ ...stored, manifest: forged })
      assert.match(String(restored.error), /is not what was stored/)
      assert.deepEqual(restored.missing, [])
      assert.equal(restored.entries, content.length)
      assertHonest(
        restored,
        content.filter(({ type = 'file' }) => type === 'file'),
      )
    })
  }

  it('goes on behind a volume that is gone, and a deep verification names what lay in it', async () => {
    const storage = createMemoryStorage({ partBytes: 1 << 20, maxParts: 3 })
    const stored = await backUp('zstd', { storage })
    const gone = stored.manifest.archives[1]?.key ?? ''
    assert.ok(stored.manifest.archives.length >= 3, 'the sample needs three volumes')
    await storage.delete(gone)
    const restored = await restore(stored)
    assertHonest(restored)
    assert.ok(restored.missing.length > 0 && !restored.missing.includes('c/19'))
    const { manifest } = stored
    const { problems } = await verifyBackup(storage, { manifest, depth: 'deep', signal })
    assert.match(problems.join(), /cannot be read; in it lie /)
  })
})

async function verifyDamagedAt(stored: Stored, bytes: Buffer, at: number) {
  const damaged = Buffer.from(bytes)
  damaged[at] = (damaged[at] ?? 0) ^ 0x04
  await put(stored, damaged)
  const { storage, manifest } = stored
  return await verifyBackup(storage, { manifest, depth: 'deep', signal })
}
