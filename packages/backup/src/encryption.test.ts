import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { ArchiveError, parseAgeIdentities } from '@backstream/archive'
import { systemClock } from '@backstream/kernel'
import type { Source } from '@backstream/sources'
import { createMemoryStorage, type Storage } from '@backstream/storage'
import { contentsOf, runOf, type SampleEntry, sourceOf } from './backup-samples.ts'
import type { Manifest } from './manifest.ts'
import { openBackup } from './open-backup.ts'
import { readArchive } from './read-archive.ts'
import { recordVerification } from './record-verification.ts'
import { restoreBackup } from './restore-backup.ts'
import { restoreEntries } from './restore-entries.ts'
import { runBackup } from './run-backup.ts'
import { selectEntries } from './select-entries.ts'
import { verifyBackup } from './verify-backup.ts'

const { signal } = new AbortController()
/** Made for these tests. */
const [alice, bob] = [
  'AGE-SECRET-KEY-1N0KMFR3M2AQMTLRJ7745SDSPLSKZX8XVYAM62AYUGH7E5JHLV06QWA59TU',
  'AGE-SECRET-KEY-1777RRHU4QQ8A935UN6MZDPDDNT4QNTLGM5KCNGP6HHLV5HQN5VQSCRCC2W',
].map(parseAgeIdentities) as [Keys, Keys]
type Keys = ReturnType<typeof parseAgeIdentities>
const mallory = parseAgeIdentities(
  'AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX',
)
const recipients = [...alice, ...bob].map(({ recipient }) => recipient.text)

/** Does not shrink: several frames, and many chunks. */
const large = randomBytes(4_500_000).toString('base64')
const entries: readonly SampleEntry[] = [
  { path: 'planted-folder', type: 'directory' },
  { path: 'planted-folder/planted-file.txt', content: 'planted content', userName: 'planted-user' },
  { path: 'planted-folder/planted-large', content: large },
  { path: 'planted-link', type: 'symlink', linkTarget: 'planted-target' },
]
const small = entries.filter(({ content = '' }) => content.length < 100)

let base: string
let places = 0
before(() => {
  base = mkdtempSync(join(tmpdir(), 'backstream-encryption-'))
})
after(() => rmSync(base, { recursive: true, force: true }))
const newPlace = () => join(base, String(places++))

interface Given {
  readonly storage?: Storage
  readonly source?: Source
  readonly algorithm?: 'zstd' | 'gzip' | 'none'
}

async function backUp({
  storage = createMemoryStorage(),
  source = sourceOf({ entries: small }),
  algorithm = 'zstd',
}: Given = {}): Promise<{ storage: Storage; manifest: Manifest }> {
  const { deps, request } = runOf(storage, source)
  const compression = { algorithm, level: algorithm === 'none' ? 0 : 1 }
  const plan = { ...request.plan, compression, encryption: { recipients } }
  return { storage, manifest: await runBackup(deps, { ...request, plan }) }
}

async function bytesOf(storage: Storage, key: string): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of (await storage.get(key)).body) chunks.push(chunk)
  return Buffer.concat(chunks)
}

const request = (manifest: Manifest, identities: Keys | undefined, to = newPlace()) =>
  ({ manifest, identities, to, signal, keepOwners: false }) as const

describe('an encrypted backup', () => {
  for (const algorithm of ['zstd', 'gzip', 'none'] as const) {
    it(`comes back to each recipient, over several volumes (${algorithm})`, async () => {
      const storage = createMemoryStorage({ partBytes: 300_000, maxParts: 2 })
      const { manifest } = await backUp({ storage, source: sourceOf({ entries }), algorithm })
      assert.ok(manifest.archives.length > 5)
      assert.equal(manifest.encryption?.format, 'age')
      assert.deepEqual(manifest.encryption?.recipients, recipients)
      for (const identities of [alice, bob, [...mallory, ...bob]]) {
        const given = request(manifest, identities)
        const report = await restoreBackup(storage, given)
        assert.equal(report.entries, 4)
        const file = join(given.to, 'planted-folder/planted-large')
        assert.equal(readFileSync(file, 'utf8'), large)
      }
    })
  }

  it('says so in the names of its objects, and is one age file over all volumes', async () => {
    const storage = createMemoryStorage({ partBytes: 1024, maxParts: 1 })
    const { manifest } = await backUp({ storage, algorithm: 'none' })
    const { keys } = await contentsOf(storage)
    assert.deepEqual(
      keys
        .map((key) => key.replace(manifest.backup, 'ID'))
        .toSorted()
        .slice(0, 4),
      [
        'media/ID.json',
        'media/ID/RESTORE.md',
        'media/ID/archive.tar.age',
        'media/ID/archive.tar.age.001',
      ],
    )
    assert.ok(keys.includes(manifest.index.key) && manifest.index.key.endsWith('/index.zst.age'))
    const chunks: Uint8Array[] = []
    for await (const chunk of readArchive(storage, manifest, { signal })) chunks.push(chunk)
    const whole = Buffer.concat(chunks)
    assert.equal(whole.toString('latin1').split('age-encryption.org/v1\n').length, 2)
    const header = whole.subarray(0, manifest.encryption?.headerBytes).toString('latin1')
    assert.match(header, /\n--- [A-Za-z0-9+/]{43}\n$/)
  })

  it('names in no stored byte what it holds, not even when it is found damaged', async () => {
    const source: Source = { ...sourceOf({ entries }), kind: 'command', at: 'planted-database' }
    const { storage, manifest } = await backUp({ source })
    assert.deepEqual(
      manifest.sources.map(({ kind, at }) => [kind, at]),
      [['command', '#1']],
    )
    const key = manifest.archives[0]?.key ?? ''
    const damaged = await bytesOf(storage, key)
    const middle = damaged.length >> 1
    damaged[middle] = (damaged[middle] ?? 0) ^ 1
    await storage.put(key, damaged)
    const found = await verifyBackup(storage, { ...request(manifest, alice), depth: 'deep' })
    assert.ok(found.problems.some((text) => text.includes('planted-folder/planted-large')))
    const note = { manifest, report: found, by: 'test', durationMs: 1 }
    await recordVerification(storage, note, { clock: systemClock, signal })
    const { keys } = await contentsOf(storage)
    assert.ok(keys.some((name) => name.includes('/notes/')))
    for (const name of [...keys, 'backstream.json']) {
      assert.ok(!`${name}${await bytesOf(storage, name)}`.includes('planted'), name)
    }
  })

  it('is refused without an identity, and with another, before anything is written', async () => {
    const { storage, manifest } = await backUp()
    const missing = {
      code: 'encrypted',
      remedy: /-i FILE/,
      message: new RegExp(recipients[1] ?? ''),
    }
    const wrong = { code: 'identity-wrong', remedy: /recipients/ }
    for (const [identities, expected] of [
      [undefined, missing],
      [[], missing],
      [mallory, wrong],
    ] as const) {
      const given = request(manifest, identities)
      await assert.rejects(restoreBackup(storage, given), expected)
      assert.ok(!existsSync(given.to) || readdirSync(given.to).length === 0)
      await assert.rejects(openBackup(storage, manifest, given), expected)
      await assert.rejects(verifyBackup(storage, { ...given, depth: 'deep' }), expected)
    }
    const stored = await verifyBackup(storage, { manifest, signal, depth: 'stored' })
    assert.deepEqual(stored.problems, [])
    const deep = await verifyBackup(storage, { manifest, signal, depth: 'deep', identities: bob })
    assert.deepEqual(deep.problems, [])
  })

  it('gives some of it back for a part of its bytes', async () => {
    const { storage, manifest } = await backUp({ source: sourceOf({ entries }) })
    const backup = await openBackup(storage, manifest, { signal, identities: bob })
    const { entries: some } = await selectEntries(backup, ['planted-folder/planted-file.txt'])
    const to = newPlace()
    await restoreEntries({ backup, entries: some, to, signal, keepOwners: false })
    const file = readFileSync(join(to, 'planted-folder/planted-file.txt'), 'utf8')
    assert.equal(file, 'planted content')
    const whole = manifest.archives.reduce((sum, { bytes }) => sum + bytes, 0)
    assert.ok(backup.fetchedBytes() < 0.8 * whole)
  })

  it('is not believed when it was cut between two chunks, though the manifest agrees', async () => {
    const { storage, manifest } = await backUp({ source: sourceOf({ entries }) })
    const [volume] = manifest.archives
    assert.ok(volume)
    const { headerBytes = 0 } = manifest.encryption ?? {}
    const cut = (await bytesOf(storage, volume.key)).subarray(0, headerBytes + 16 + 3 * 65_552)
    const { sha256 } = await storage.put(volume.key, cut)
    const archives = [{ ...volume, bytes: cut.length, sha256 }]
    const shorter = { ...manifest, archives }
    const given = request(shorter, alice)
    const isCut = (error: unknown) => error instanceof ArchiveError && error.code === 'truncated'
    await assert.rejects(restoreBackup(storage, given), isCut)
    const backup = await openBackup(storage, shorter, given)
    const { entries: some } = await selectEntries(backup, ['planted-link'])
    await assert.rejects(backup.read(some)[Symbol.asyncIterator]().next(), isCut)
  })

  it('leaves nothing when its source fails', async () => {
    const storage = createMemoryStorage({ partBytes: 1024 })
    const source = sourceOf({ entries, error: new Error('the dump died') })
    await assert.rejects(backUp({ storage, source }), /the dump died/)
    const { keys, uploads } = await contentsOf(storage)
    assert.deepEqual([keys.length, uploads], [1, 0])
  })
})
