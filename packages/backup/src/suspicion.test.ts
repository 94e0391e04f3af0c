import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createMemoryStorage, type Storage } from '@backstream/storage'
import fc from 'fast-check'
import { clockAt, runOf, sourceOf } from './backup-samples.ts'
import type { Manifest } from './manifest.ts'
import { writeNote } from './notes.ts'
import { resolveRef } from './resolve-ref.ts'
import { runBackup } from './run-backup.ts'
import { type SuspicionRules, suspicionsOf } from './suspicion.ts'

const { signal } = new AbortController()

function lastGood(bytes: number, entries: number): Manifest {
  const shape = { backup: 'B', sources: [{ bytes }], content: { entries } }
  return shape as unknown as Manifest
}

const rulesOf = (suspicions: Manifest['suspect']) => suspicions.map(({ rule }) => rule)

describe('suspicion', () => {
  it('falls on less than the least there should be', () => {
    const rules = { minSizeBytes: 100 }
    assert.deepEqual(suspicionsOf({ bytes: 99, entries: 1 }, rules, null), [
      { rule: 'minSize', expected: 'at least 100 bytes', found: '99 bytes' },
    ])
    assert.deepEqual(suspicionsOf({ bytes: 100, entries: 1 }, rules, null), [])
  })

  it('falls on bytes or entries that are down by more than the share', () => {
    const rules = { shrinkPercent: 50 }
    const before = lastGood(1000, 10)
    assert.deepEqual(suspicionsOf({ bytes: 500, entries: 5 }, rules, before), [])
    assert.deepEqual(suspicionsOf({ bytes: 499, entries: 10 }, rules, before), [
      {
        rule: 'shrink',
        expected: 'at least 500 bytes, as B has 1000',
        found: '499 bytes',
      },
    ])
    assert.deepEqual(rulesOf(suspicionsOf({ bytes: 0, entries: 0 }, rules, before)), [
      'shrink',
      'shrink',
    ])
  })

  it('never falls on growth, nor where there is nothing to measure by', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.integer({ min: 0, max: 100 }), (bytes, more, percent) => {
        const rules = { shrinkPercent: percent }
        const found = { bytes: bytes + more, entries: 3 }
        assert.deepEqual(suspicionsOf(found, rules, lastGood(bytes, 3)), [])
        assert.deepEqual(suspicionsOf({ bytes: 0, entries: 0 }, rules, null), [])
      }),
    )
  })

  it('is off where the rules are', () => {
    const rules = { minSizeBytes: null, shrinkPercent: null }
    assert.deepEqual(suspicionsOf({ bytes: 0, entries: 0 }, rules, lastGood(1000, 10)), [])
  })
})

describe('a suspect backup', () => {
  const clock = clockAt(Date.parse('2026-05-01T03:00:00Z'))

  async function backUp(storage: Storage, length: number, over: SuspicionRules = {}) {
    clock.advance(3_600_000)
    const source = sourceOf({ entries: [{ path: 'a', content: 'x'.repeat(length) }] })
    const { deps, request } = runOf(storage, source, { deps: { clock } })
    const plan = { ...request.plan, shrinkPercent: 50, ...over }
    return await runBackup(deps, { ...request, plan })
  }

  it('is kept, says why, and is not the newest good one', async () => {
    const storage = createMemoryStorage()
    const good = await backUp(storage, 1000)
    const suspect = await backUp(storage, 100)
    assert.equal(suspect.status, 'suspect')
    assert.deepEqual(rulesOf(suspect.suspect), ['shrink'])
    const { manifest, passedOver } = await resolveRef(storage, 'media/latest')
    assert.equal(manifest.backup, good.backup)
    assert.deepEqual(passedOver, [{ backup: suspect.backup, reason: 'suspect' }])
    const named = await resolveRef(storage, `media/${suspect.backup}`)
    assert.equal(named.manifest.backup, suspect.backup)
  })

  it('is never what the next one is measured by', async () => {
    const storage = createMemoryStorage()
    await backUp(storage, 1000)
    await backUp(storage, 100)
    assert.equal((await backUp(storage, 100)).status, 'suspect')
    assert.equal((await backUp(storage, 600)).status, 'good')
  })

  it('counts as good, and as the measure, once it was accepted', async () => {
    const storage = createMemoryStorage()
    await backUp(storage, 1000)
    const { backup } = await backUp(storage, 100)
    const note = { plan: 'media', backup, kind: 'accept', by: 'test' } as const
    await writeNote(storage, note, { clock, signal })
    assert.equal((await resolveRef(storage, 'media')).manifest.backup, backup)
    assert.equal((await backUp(storage, 90)).status, 'good')
  })

  it('may be the first one', async () => {
    const storage = createMemoryStorage()
    const first = await backUp(storage, 10, { minSizeBytes: 1000 })
    assert.equal(first.status, 'suspect')
    await assert.rejects(resolveRef(storage, 'media'), { code: 'no-such-backup' })
  })

  it('measures nothing by a backup that a verification refuted', async () => {
    const storage = createMemoryStorage()
    await backUp(storage, 300)
    const { backup } = await backUp(storage, 1000)
    const facts = { depth: 'deep', outcome: 'refuted' }
    const note = { plan: 'media', backup, kind: 'verify', by: 'test', facts } as const
    await writeNote(storage, note, { clock, signal })
    assert.equal((await backUp(storage, 200)).status, 'good')
    const { passedOver } = await resolveRef(storage, 'media', { beforeMs: clock.now() - 1 })
    assert.deepEqual(passedOver, [{ backup, reason: 'refuted by a verification' }])
  })
})

describe('a run that is to be pinned', () => {
  it('has its pin before its manifest, so that it is never there without', async () => {
    const storage = createMemoryStorage()
    const keys: string[] = []
    const watched: Storage = {
      ...storage,
      put: async (key, ...rest) => {
        keys.push(key)
        return await storage.put(key, ...rest)
      },
    }
    const source = sourceOf({ entries: [{ path: 'a', content: 'x' }] })
    const { deps, request } = runOf(watched, source, { request: { isPinned: true } })
    const { backup } = await runBackup(deps, request)
    const order = keys.map((key) => key.replace(/^.*-pin\.json$/, 'pin'))
    assert.deepEqual(order.slice(-2), ['pin', `media/${backup}.json`])
  })
})
