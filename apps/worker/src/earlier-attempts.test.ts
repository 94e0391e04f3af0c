import { deepEqual, equal, rejects } from 'node:assert/strict'
import { test } from 'node:test'
import { readManifest } from '@backstream/backup'
import { systemClock } from '@backstream/kernel'
import { createMemoryStorage, faulty, type Storage } from '@backstream/storage'
import { commitSample } from './commit-sample.ts'
import { finishEarlierAttempts } from './earlier-attempts.ts'

const earlier = '20261123T031500Z-000001'
const signal = new AbortController().signal

/** A run that set out to make `backups`, and is begun again. */
async function beginAgain(storage: Storage, backups: readonly string[]) {
  const log: string[] = []
  const settled: string[] = []
  const ledger = {
    runId: 'run@1',
    earlier: backups.map((backup) => ({ backup, state: 'open' as const })),
    record: async () => {},
    settle: async (backup: string, state: string) => void settled.push(`${backup} ${state}`),
  }
  const handedOn: string[] = []
  const enqueueCleanup = async ({ plan, backup }: { plan: string; backup: string }) => {
    handedOn.push(backup)
    return { queue: 'maintenance', jobId: '1', plan }
  }
  const manifest = await finishEarlierAttempts(
    { workerName: 'nas', clock: systemClock, producer: { enqueueCleanup } },
    {
      ...{ storage, signal },
      plan: { name: 'media' },
      run: { ledger, log: async (line) => void log.push(line) },
    },
  )
  return { manifest, log, settled, handedOn }
}

async function keysOf(storage: Storage): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of storage.list('media/', { signal })) keys.push(key)
  return keys
}

test('a run without earlier attempts has nothing to finish', async () => {
  deepEqual(await beginAgain(createMemoryStorage(), []), {
    ...{ manifest: undefined, log: [], settled: [], handedOn: [] },
  })
})

test('what an earlier attempt left is removed, under a void, and told', async () => {
  const storage = createMemoryStorage()
  await storage.put(`media/${earlier}/index.zst`, Buffer.from('x'), { signal })
  const { manifest, log, settled } = await beginAgain(storage, [earlier])
  deepEqual(settled, [`${earlier} cleaned`])
  equal(manifest, undefined)
  deepEqual(await keysOf(storage), [`media/${earlier}.json`])
  equal(await readManifest(storage, { plan: 'media', backup: earlier }, signal), undefined)
  deepEqual(log, [`removed 1 leftover(s) of the attempt ${earlier}`])
})

test('a run that had committed has its backup, which is left as it is', async () => {
  const storage = createMemoryStorage()
  const committed = await commitSample(storage)
  const before = await keysOf(storage)
  const { manifest, settled } = await beginAgain(storage, [earlier, committed.backup])
  deepEqual(settled, [`${earlier} cleaned`, `${committed.backup} committed`])
  deepEqual(manifest, committed)
  deepEqual(await keysOf(storage), [`media/${earlier}.json`, ...before].sort())
})

test('what this worker may not remove is handed on, and what fails for now ends the attempt', async () => {
  const inner = createMemoryStorage()
  await inner.put(`media/${earlier}/index.zst`, Buffer.from('x'), { signal })
  const denying = faulty(inner, { faults: [{ on: 'delete', fail: 'access-denied' }] })
  const { handedOn, settled } = await beginAgain(denying, [earlier])
  deepEqual([handedOn, settled], [[earlier], []])
  const failing = faulty(inner, { faults: [{ on: 'delete', fail: 'unavailable' }] })
  await rejects(beginAgain(failing, [earlier]), { code: 'clean-up-incomplete' })
})
