import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { crc32 } from 'node:zlib'
import { ArchiveError, readTar } from '@backstream/archive'
import { createMemoryStorage, type Storage } from '@backstream/storage'
import { runOf, sourceOf } from './backup-samples.ts'
import { BackupError } from './errors.ts'
import { TreeExtractor } from './extract-tree.ts'
import { collidingTars, type HostileTar, hostileTars, rawTar } from './hostile-tars.ts'
import type { Manifest } from './manifest.ts'
import { overwrites } from './overwrite.ts'
import { restoreBackup } from './restore-backup.ts'
import { runBackup } from './run-backup.ts'

const { signal } = new AbortController()

let base: string
let storage: Storage
let manifest: Manifest
let places = 0
before(async () => {
  base = mkdtempSync(join(tmpdir(), 'backstream-hostile-'))
  storage = createMemoryStorage()
  const { deps, request } = runOf(storage, sourceOf({ entries: [{ path: 'x', content: 'x' }] }))
  const plan = { ...request.plan, compression: { algorithm: 'none' as const, level: 1 } }
  manifest = await runBackup(deps, { ...request, plan })
})
after(() => rmSync(base, { recursive: true, force: true }))

/** A directory to restore into, with one beside it in which nothing may change. */
function newPlace(): { readonly at: string; readonly root: string } {
  const at = join(base, String(places++))
  mkdirSync(join(at, 'outside'), { recursive: true })
  mkdirSync(join(at, 'root'))
  writeFileSync(join(at, 'outside/secret'), 'secret')
  return { at, root: join(at, 'root') }
}

function assertNothingOutside(at: string): void {
  assert.deepEqual(readdirSync(at).sort(), ['outside', 'root'])
  assert.deepEqual(readdirSync(join(at, 'outside')), ['secret'])
  assert.equal(readFileSync(join(at, 'outside/secret'), 'utf8'), 'secret')
  assert.equal(lstatSync(join(at, 'outside/secret')).nlink, 1)
  assert.ok(!existsSync('/etc/backstream-was-here'))
}

function assertRefused(error: unknown, { names }: HostileTar): void {
  assert.ok(error instanceof BackupError || error instanceof ArchiveError, String(error))
  assert.ok(error.permanent && error.code !== 'not-verified', error.message)
  assert.ok(error.message.includes(`"${names}`), `${names} is not named: ${error.message}`)
  assert.ok(error.message.length < 6000)
}

/** The tar in the place of the archive, and a manifest that vouches for it. */
async function forge(tar: Buffer): Promise<Manifest> {
  const [volume] = manifest.archives
  assert.ok(volume)
  await storage.put(volume.key, tar)
  const sha256 = createHash('sha256').update(tar).digest('hex')
  const sum = crc32(tar).toString(16).padStart(8, '0')
  const content = { ...manifest.content, bytes: tar.length, crc32: sum }
  return { ...manifest, content, archives: [{ ...volume, bytes: tar.length, sha256 }] }
}

describe('the corpus of hostile tars', () => {
  for (const hostile of hostileTars) {
    it(`refuses ${hostile.title}, names the entry, and writes nothing outside`, async () => {
      const { at, root } = newPlace()
      const forged = await forge(hostile.tar)
      const restoring = restoreBackup(storage, {
        ...{ manifest: forged, to: root, signal, keepOwners: process.getuid?.() === 0 },
      })
      await assert.rejects(restoring, (error) => {
        assertRefused(error, hostile)
        return true
      })
      assertNothingOutside(at)
    })
  }

  for (const overwrite of overwrites) {
    it(`writes nothing outside of a directory that is not empty either (${overwrite})`, async () => {
      for (const hostile of hostileTars) {
        const { at, root } = newPlace()
        writeFileSync(join(root, 'there'), 'before')
        const forged = await forge(hostile.tar)
        const request = { manifest: forged, to: root, signal, keepOwners: false, overwrite }
        await restoreBackup(storage, request).catch((error) => {
          // Some are sound where a name may be taken a second time; then they are not what was backed up.
          if (error.code !== 'not-verified') assertRefused(error, hostile)
        })
        assertNothingOutside(at)
        assert.equal(readFileSync(join(root, 'there'), 'utf8'), 'before')
        const left = readdirSync(root).filter((name) => name.startsWith('.backstream-'))
        assert.deepEqual(left, [], hostile.title)
      }
    })
  }

  for (const hostile of collidingTars) {
    it(`refuses ${hostile.title} where names are folded`, async () => {
      const { at, root } = newPlace()
      const options = { root, foldsNames: true, keepOwners: false }
      const extractor = new TreeExtractor(options, { signal })
      const extracting = (async () => {
        for await (const entry of readTar(once(hostile.tar), { signal })) {
          await extractor.extract(entry)
        }
      })()
      await assert.rejects(extracting, (error) => {
        assertRefused(error, hostile)
        return true
      })
      assertNothingOutside(at)
    })
  }

  it('lets a sound tar pass by the same way', async () => {
    const { at, root } = newPlace()
    const tar = rawTar({ name: 'a', content: 'hello' }, { name: 'b', type: '1', linkName: 'a' })
    const forged = await forge(tar)
    const content = { ...forged.content, entries: 2 }
    const request = { manifest: { ...forged, content }, to: root, signal, keepOwners: false }
    assert.equal((await restoreBackup(storage, request)).entries, 2)
    assert.equal(readFileSync(join(root, 'b'), 'utf8'), 'hello')
    assertNothingOutside(at)
  })
})

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
