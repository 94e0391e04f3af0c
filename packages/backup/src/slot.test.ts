import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { systemClock } from '@backstream/kernel'
import { createMemoryStorage, faulty, isStorageError, type Storage } from '@backstream/storage'
import fc from 'fast-check'
import { runOf, sourceOf } from './backup-samples.ts'
import { commitManifest } from './commit-manifest.ts'
import { BackupError } from './errors.ts'
import { slotKey } from './layout.ts'
import type { Manifest } from './manifest.ts'
import { runBackup } from './run-backup.ts'
import { readSlot, voidSlot } from './slot.ts'

const { signal } = new AbortController()
const clock = systemClock
const confirm = async () => {}

/** A manifest as a run would write it, not written anywhere that counts. */
async function sampleManifest(): Promise<Manifest> {
  const elsewhere = createMemoryStorage()
  const { deps, request } = runOf(elsewhere, sourceOf({ entries: [{ path: 'a', content: 'x' }] }))
  return await runBackup(deps, request)
}

const sample = await sampleManifest()
const key = slotKey(sample.plan, sample.backup)
const at = { plan: sample.plan, backup: sample.backup, by: 'test', reason: 'given up' }

const commit = (
  storage: Storage,
  manifest = sample,
  over: { confirm?: () => Promise<void> } = {},
) => commitManifest(storage, manifest, { signal, clock, by: 'test', confirm, ...over })
const giveUp = (storage: Storage) => voidSlot(storage, at, { clock, signal })

describe('the commit slot', () => {
  it('is taken by the manifest, and a void gives way to it', async () => {
    const storage = createMemoryStorage()
    await commit(storage)
    assert.deepEqual(await giveUp(storage), { outcome: 'committed' })
    assert.equal((await readSlot(storage, key))?.kind, 'manifest')
  })

  it('is taken by the void, and the manifest gives way to it', async () => {
    const storage = createMemoryStorage()
    assert.equal((await giveUp(storage)).outcome, 'voided')
    await assert.rejects(commit(storage), isCode('slot-voided'))
    assert.equal((await readSlot(storage, key))?.kind, 'void')
  })

  it('stays void when it is voided again', async () => {
    const storage = createMemoryStorage()
    await giveUp(storage)
    const before = await readSlot(storage, key)
    assert.equal((await giveUp(storage)).outcome, 'voided')
    assert.deepEqual(await readSlot(storage, key), before)
  })

  it('takes the same manifest twice, and no other one', async () => {
    const storage = createMemoryStorage()
    await commit(storage)
    await commit(storage)
    const other = { ...sample, run: { ...sample.run, id: 'another run' } }
    await assert.rejects(commit(storage, other), isCode('slot-taken'))
  })

  for (const fail of ['unknown-outcome', 'unavailable', 'timeout', 'network'] as const) {
    it(`is read back after ${fail}: a put that was done counts`, async () => {
      const fault = { on: 'put', nth: 1, fail, when: 'after' } as const
      const storage = createMemoryStorage()
      await commit(faulty(storage, { faults: [fault] }))
      assert.equal((await readSlot(storage, key))?.kind, 'manifest')
      const free = createMemoryStorage()
      const voided = await giveUp(faulty(free, { faults: [fault] }))
      assert.equal(voided.outcome, 'voided')
    })

    it(`stays open after ${fail} of a put that was not done`, async () => {
      const storage = faulty(createMemoryStorage(), { faults: [{ on: 'put', nth: 1, fail }] })
      await assert.rejects(commit(storage), (error) => isStorageError(error, fail))
      assert.equal(await readSlot(storage, key), undefined)
      await giveUp(storage)
    })
  }

  it('is never settled by guessing: a void whose reading back fails rejects', async () => {
    const storage = faulty(createMemoryStorage(), {
      faults: [
        { on: 'put', nth: 1, fail: 'unknown-outcome' },
        { on: 'get', nth: 2, fail: 'unavailable' },
      ],
    })
    await assert.rejects(giveUp(storage), (error) => isStorageError(error, 'unavailable'))
  })

  it('is not voided under a signal that is aborted', async () => {
    const storage = createMemoryStorage()
    const aborted = AbortSignal.abort(new Error('stop'))
    await assert.rejects(voidSlot(storage, at, { clock, signal: aborted }), /stop/)
    assert.equal(await readSlot(storage, key), undefined)
  })

  it('has one winner, whoever comes when, and all agree who', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(fc.constantFrom('commit', 'void'), { minLength: 2, maxLength: 5 }),
        async (scheduler, actors) => {
          const storage = createMemoryStorage()
          const outcomes = actors.map(async (actor) => {
            await scheduler.schedule(Promise.resolve(), actor)
            if (actor === 'void') return (await giveUp(storage)).outcome
            return await commit(storage).then(
              () => 'committed',
              (error: BackupError) => (error.code === 'slot-voided' ? 'voided' : error.code),
            )
          })
          const all = Promise.all(outcomes)
          await scheduler.waitFor(all)
          const winner = (await readSlot(storage, key))?.kind === 'void' ? 'voided' : 'committed'
          assert.deepEqual(new Set(await all), new Set([winner]))
        },
      ),
      { numRuns: 40 },
    )
  })
})

describe('the commit slot on a store that does not guard the condition', () => {
  const weakStorage = () => createMemoryStorage({ conditionalPut: false })

  it('is confirmed behind the put', async () => {
    let confirmed = 0
    await commit(weakStorage(), sample, { confirm: async () => void confirmed++ })
    assert.equal(confirmed, 1)
    await commit(createMemoryStorage(), sample, { confirm: async () => void confirmed++ })
    assert.equal(confirmed, 1)
  })

  it('is given back as a void when the confirmation fails', async () => {
    const storage = weakStorage()
    const lost = new BackupError('fenced-off', 'taken over')
    const commitment = commit(storage, sample, { confirm: () => Promise.reject(lost) })
    await assert.rejects(commitment, (error) => isCode('withdrawn')(error) && hasCause(error, lost))
    assert.equal((await readSlot(storage, key))?.kind, 'void')
  })

  it('says so when the manifest should be withdrawn and cannot be', async () => {
    const storage = faulty(weakStorage(), {
      faults: [{ on: 'put', nth: 2, fail: 'access-denied' }],
    })
    const commitment = commit(storage, sample, { confirm: () => Promise.reject(new Error('lost')) })
    await assert.rejects(commitment, (error) => {
      return isCode('withdrawn')(error) && /by hand/.test((error as BackupError).remedy ?? '')
    })
  })

  it('leaves a void that came in between, and commits nothing', async () => {
    const inner = weakStorage()
    const storage: Storage = {
      ...inner,
      put: async (...put) => {
        const stored = await inner.put(...put)
        await inner.put(key, new TextEncoder().encode(JSON.stringify(someVoid)))
        return stored
      },
    }
    await assert.rejects(commit(storage), isCode('slot-voided'))
    assert.equal((await readSlot(inner, key))?.kind, 'void')
  })
})

const someVoid = {
  format: 'backstream/1',
  void: true,
  by: 'somebody',
  reason: 'swept',
  at: '2026-11-24T00:00:00.000Z',
}

function hasCause(error: unknown, cause: unknown): boolean {
  return error instanceof Error && error.cause === cause
}

function isCode(code: string): (error: unknown) => boolean {
  return (error) => error instanceof BackupError && error.code === code
}
