import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import { createMemoryStorage, type Storage } from '@backstream/storage'
import { clockAt, runOf, sourceOf } from './backup-samples.ts'
import { createBackupMemory } from './catalogue.ts'
import { writeNote } from './notes.ts'
import { runBackup } from './run-backup.ts'
import { readStandings } from './standing.ts'
import { listUnknownPlans } from './unknown-plans.ts'

async function makeBackup(storage: Storage, fence: number): Promise<string> {
  const source = sourceOf({ entries: [{ path: 'a', content: 'hello' }] })
  const { deps, request } = runOf(storage, source)
  const guard = { ...deps.guard, drawFence: async () => fence }
  const { backup } = await runBackup({ ...deps, guard }, request)
  return backup
}

/** Counts what is read. */
function counting(storage: Storage): { readonly storage: Storage; reads(): string[] } {
  let reads: string[] = []
  const get: Storage['get'] = (key, options) => {
    reads.push(key)
    return storage.get(key, options)
  }
  return {
    storage: { ...storage, get },
    reads() {
      const soFar = reads
      reads = []
      return soFar
    },
  }
}

test('looking again reads only what is new, and misses nothing', async () => {
  const { storage, reads } = counting(createMemoryStorage())
  const memory = createBackupMemory()
  const look = async () => await readStandings(storage, 'media', { memory })
  const first = await makeBackup(storage, 1)
  await look()
  const { signal } = new AbortController()
  const clock = clockAt(Date.parse('2026-11-24T12:00:00Z'))
  const facts = { depth: 'deep', outcome: 'refuted' }
  const about = { plan: 'media', backup: first, kind: 'verify', by: 'test', facts } as const
  const note = await writeNote(storage, about, { clock, signal })
  const second = await makeBackup(storage, 2)
  reads()
  const { standings } = await look()
  deepEqual(
    standings.map(({ manifest, isGood }) => [manifest.backup, isGood]),
    [
      [second, true],
      [first, false],
    ],
  )
  deepEqual(reads().sort(), [`media/${second}.json`, note.key].sort())
  await look()
  deepEqual(reads(), [])
})

test('what is listed no more is forgotten', async () => {
  const storage = createMemoryStorage()
  const memory = createBackupMemory()
  const first = await makeBackup(storage, 1)
  await readStandings(storage, 'media', { memory })
  await storage.delete(`media/${first}.json`)
  const { standings } = await readStandings(storage, 'media', { memory })
  deepEqual([standings, memory.slots.size], [[], 0])
})

test('a plan with backups and no place in the configuration is unknown, unless the prefix is another’s', async () => {
  const storage = createMemoryStorage()
  await makeBackup(storage, 1)
  const known = (installation: string, ...plans: string[]) =>
    listUnknownPlans(storage, { installation, plans: new Set(plans) })
  deepEqual(await known('test'), ['media'])
  deepEqual(await known('test', 'media'), [])
  deepEqual(await known('another'), [])
  equal(
    (await listUnknownPlans(createMemoryStorage(), { installation: 'a', plans: new Set() })).length,
    0,
  )
})
