import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { systemClock } from '@backstream/kernel'
import { createMemoryStorage, type Storage } from '@backstream/storage'
import { type GlanceMemory, readGlances } from './backup-glance.ts'
import { runOf, sourceOf } from './backup-samples.ts'
import { slotKey } from './layout.ts'
import { markBackup } from './mark-backup.ts'
import { runBackup } from './run-backup.ts'

const options = { clock: systemClock, signal: new AbortController().signal }

async function backUp(storage: Storage, content = 'hello') {
  const { deps, request } = runOf(storage, sourceOf({ entries: [{ path: 'a', content }] }))
  return await runBackup(deps, request)
}

/** Counts what is asked of the storage. */
function counting(inner: Storage): { storage: Storage; reads(): number } {
  let reads = 0
  const storage: Storage = {
    ...inner,
    get: async (key, how) => {
      reads += 1
      return await inner.get(key, how)
    },
  }
  return { storage, reads: () => reads }
}

describe('readGlances', () => {
  it('tells of each backup what the overview needs, newest first', async () => {
    const storage = createMemoryStorage()
    const first = await backUp(storage)
    const second = await backUp(storage, 'hello again')
    const { glances, unreadable } = await readGlances(storage, 'media')
    assert.deepEqual(
      glances.map(({ backup, bytes, isGood }) => [backup, bytes, isGood]),
      [
        [second.backup, 11, true],
        [first.backup, 5, true],
      ],
    )
    assert.deepEqual(unreadable, [])
  })

  it('reads what it has seen before no second time, and sees what is new', async () => {
    const { storage, reads } = counting(createMemoryStorage())
    const memory: GlanceMemory = new Map()
    const manifest = await backUp(storage)
    await readGlances(storage, 'media', { memory })
    const before = reads()
    await readGlances(storage, 'media', { memory })
    assert.equal(reads(), before)
    await markBackup(storage, { manifest, mark: 'pin', by: 'test' }, options)
    const { glances } = await readGlances(storage, 'media', { memory })
    assert.equal(glances[0]?.isPinned, true)
    await storage.delete(slotKey('media', manifest.backup))
    assert.deepEqual((await readGlances(storage, 'media', { memory })).glances, [])
    assert.equal(memory.size, 0)
  })

  it('counts a manifest it cannot read, and goes on', async () => {
    const storage = createMemoryStorage()
    await backUp(storage)
    const key = slotKey('media', '20261123T031500Z-000042')
    await storage.put(key, new TextEncoder().encode('{'))
    const { glances, unreadable } = await readGlances(storage, 'media')
    assert.deepEqual([glances.length, unreadable.length], [1, 1])
  })

  it('reads no more than it is asked for', async () => {
    const storage = createMemoryStorage()
    await backUp(storage)
    const second = await backUp(storage)
    const { glances } = await readGlances(storage, 'media', { limit: 1 })
    assert.deepEqual(
      glances.map(({ backup }) => backup),
      [second.backup],
    )
  })
})
