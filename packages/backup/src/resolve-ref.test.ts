import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createMemoryStorage, type Storage } from '@backstream/storage'
import { clockAt, runOf, sourceOf } from './backup-samples.ts'
import { listBackups } from './catalogue.ts'
import { slotKey } from './layout.ts'
import type { Manifest } from './manifest.ts'
import { resolveRef } from './resolve-ref.ts'
import { runBackup } from './run-backup.ts'
import { voidSlot } from './slot.ts'

const { signal } = new AbortController()
const clock = clockAt(Date.parse('2026-05-01T03:00:00Z'))

async function backUp(storage: Storage): Promise<Manifest> {
  const source = sourceOf({ entries: [{ path: 'a', content: 'x' }] })
  const { deps, request } = runOf(storage, source, { deps: { clock } })
  return await runBackup(deps, request)
}

/** Three backups, a day apart. */
async function openPlan(): Promise<{ storage: Storage; ids: string[] }> {
  const storage = createMemoryStorage()
  const ids: string[] = []
  for (let day = 0; day < 3; day++) {
    ids.push((await backUp(storage)).backup)
    clock.advance(86_400_000)
  }
  return { storage, ids }
}

const breakSlot = (storage: Storage, backup: string, text: string) =>
  storage.put(slotKey('media', backup), Buffer.from(text))

describe('a reference to a backup', () => {
  it('is the newest for a plan and for latest, and one by its id or its beginning', async () => {
    const { storage, ids } = await openPlan()
    const [first = '', , newest = ''] = ids
    for (const [ref, backup] of [
      ['media', newest],
      ['media/latest', newest],
      [`media/${first}`, first],
      [`media/${first.slice(0, 8)}`, first],
    ]) {
      assert.equal((await resolveRef(storage, ref ?? '')).manifest.backup, backup)
    }
  })

  it('must be one', async () => {
    const { storage } = await openPlan()
    await assert.rejects(resolveRef(storage, 'media/2026'), { code: 'ambiguous-backup' })
    for (const ref of ['', '/', 'media/', 'media/a/b', 'media/2031', 'other', 'other/latest']) {
      await assert.rejects(resolveRef(storage, ref), { code: 'no-such-backup' }, ref)
    }
  })

  it('is the newest that had finished by a time', async () => {
    const { storage, ids } = await openPlan()
    const { backups } = await listBackups(storage, 'media')
    const beforeMs = Date.parse(backups[1]?.run.finishedAt ?? '')
    const resolved = await resolveRef(storage, 'media', { beforeMs })
    assert.equal(resolved.manifest.backup, ids[1])
    await assert.rejects(resolveRef(storage, 'media', { beforeMs: 0 }), { code: 'no-such-backup' })
  })

  it('passes over a newer one that cannot be read, and names it', async () => {
    const { storage, ids } = await openPlan()
    await breakSlot(storage, ids[2] ?? '', 'rubbish')
    const { manifest, passedOver } = await resolveRef(storage, 'media')
    assert.equal(manifest.backup, ids[1])
    assert.deepEqual(
      passedOver.map(({ backup }) => backup),
      [ids[2]],
    )
  })

  it('names one that was made after the clock had stepped back', async () => {
    const { storage, ids } = await openPlan()
    clock.advance(-30 * 86_400_000)
    const { backup } = await backUp(storage)
    assert.ok(backup < (ids[0] ?? ''))
    assert.equal((await resolveRef(storage, 'media')).manifest.backup, backup)
    await breakSlot(storage, backup, '{}')
    const { manifest, passedOver } = await resolveRef(storage, 'media')
    assert.equal(manifest.backup, ids[2])
    assert.deepEqual(
      passedOver.map((passed) => passed.backup),
      [backup],
    )
    clock.advance(60 * 86_400_000)
  })

  it('says what is wrong with one that is asked for and cannot be read', async () => {
    const { storage, ids } = await openPlan()
    await breakSlot(storage, ids[0] ?? '', 'rubbish')
    await assert.rejects(resolveRef(storage, `media/${ids[0]}`), { code: 'manifest-invalid' })
  })
})

describe('the catalogue', () => {
  it('lists manifests by fence, newest first, and no voids', async () => {
    const { storage, ids } = await openPlan()
    const given = { plan: 'media', backup: '20270101T000000Z-000009', by: 'test', reason: 'failed' }
    await voidSlot(storage, given, { clock, signal })
    const { backups, unreadable } = await listBackups(storage, 'media')
    assert.deepEqual(
      backups.map(({ backup }) => backup),
      ids.toReversed(),
    )
    assert.deepEqual(unreadable, [])
  })

  for (const [title, text] of [
    ['nothing', ''],
    ['no JSON', '\xff\xfe'],
    ['another JSON', '[]'],
    ['null', 'null'],
    ['a newer format', '{"format":"backstream/1","minReader":99}'],
    ['a time that is none', undefined],
  ] as const) {
    it(`names a slot that holds ${title}, and lists the others`, async () => {
      const { storage, ids } = await openPlan()
      const [first = ''] = ids
      const { manifest } = await resolveRef(storage, `media/${first}`)
      const noTime = { ...manifest, run: { ...manifest.run, finishedAt: 'yesterday' } }
      await breakSlot(storage, first, text ?? JSON.stringify(noTime))
      const { backups, unreadable } = await listBackups(storage, 'media')
      assert.equal(backups.length, 2)
      assert.deepEqual(
        unreadable.map(({ backup }) => backup),
        [first],
      )
      // A slot nobody can read must not keep the plan from being backed up.
      const next = await backUp(storage)
      assert.equal(next.previous?.backup, ids[2])
    })
  }

  it('refuses a manifest that was copied to another place', async () => {
    const { storage, ids } = await openPlan()
    const { manifest } = await resolveRef(storage, 'media')
    await breakSlot(storage, ids[0] ?? '', JSON.stringify(manifest))
    assert.equal((await listBackups(storage, 'media')).unreadable.length, 1)
  })

  it('ignores what is no slot', async () => {
    const { storage } = await openPlan()
    for (const key of ['media/x.json', 'media/20261399T031500Z-000042.json', 'media/README']) {
      await storage.put(key, Buffer.from('{}'))
    }
    const { backups, unreadable } = await listBackups(storage, 'media')
    assert.deepEqual([backups.length, unreadable.length], [3, 0])
  })

  it('reads no more than it is asked for', async () => {
    const { storage, ids } = await openPlan()
    const { backups } = await listBackups(storage, 'media', { limit: 1 })
    assert.deepEqual(
      backups.map(({ backup }) => backup),
      [ids[2]],
    )
  })

  it('fails when the store does, and lists no part as the whole', async () => {
    const { storage } = await openPlan()
    const failing: Storage = {
      ...storage,
      get: () => Promise.reject(new Error('the store is away')),
    }
    await assert.rejects(listBackups(failing, 'media'), /away/)
  })
})
