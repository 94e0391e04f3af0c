import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createMemoryStorage, type Storage } from '@backstream/storage'
import { clockAt, runOf, sourceOf } from './backup-samples.ts'
import type { Manifest } from './manifest.ts'
import { type Mark, markBackup } from './mark-backup.ts'
import { listNotes, writeNote } from './notes.ts'
import { runBackup } from './run-backup.ts'
import { readStanding } from './standing.ts'

const { signal } = new AbortController()
const clock = clockAt(Date.parse('2026-05-01T03:00:00Z'))

async function backUp(isSuspect: boolean): Promise<{ storage: Storage; manifest: Manifest }> {
  const storage = createMemoryStorage()
  const { deps, request } = runOf(storage, sourceOf({ entries: [{ path: 'a', content: 'x' }] }))
  const plan = { ...request.plan, minSizeBytes: isSuspect ? 1000 : null }
  return { storage, manifest: await runBackup(deps, { ...request, plan }) }
}

async function mark(storage: Storage, manifest: Manifest, what: Mark) {
  clock.advance(1000)
  return await markBackup(storage, { manifest, mark: what, by: 'test' }, { clock, signal })
}

describe('marking a backup', () => {
  it('accepts a suspect one, once', async () => {
    const { storage, manifest } = await backUp(true)
    assert.equal((await readStanding(storage, manifest)).isGood, false)
    assert.equal(await mark(storage, manifest, 'accept'), 'marked')
    assert.equal((await readStanding(storage, manifest)).isGood, true)
    assert.equal(await mark(storage, manifest, 'accept'), 'was-so')
    assert.equal((await listNotes(storage, manifest)).length, 1)
  })

  it('has nothing to accept in a good one', async () => {
    const { storage, manifest } = await backUp(false)
    assert.equal(await mark(storage, manifest, 'accept'), 'was-so')
    assert.deepEqual(await listNotes(storage, manifest), [])
  })

  it('never accepts one that a verification refuted', async () => {
    const { storage, manifest } = await backUp(true)
    const facts = { depth: 'deep', outcome: 'refuted' }
    const note = { ...manifest, kind: 'verify', by: 'test', facts } as const
    await writeNote(storage, note, { clock, signal })
    await assert.rejects(mark(storage, manifest, 'accept'), { code: 'backup-refuted' })
    assert.equal((await readStanding(storage, manifest)).isGood, false)
  })

  it('pins and unpins, as often as people change their minds', async () => {
    const { storage, manifest } = await backUp(false)
    const done: string[] = []
    for (const what of ['unpin', 'pin', 'pin', 'unpin', 'unpin', 'pin'] as const) {
      done.push(await mark(storage, manifest, what))
    }
    assert.deepEqual(done, ['was-so', 'marked', 'was-so', 'marked', 'was-so', 'marked'])
    assert.equal((await readStanding(storage, manifest)).isPinned, true)
  })
})
