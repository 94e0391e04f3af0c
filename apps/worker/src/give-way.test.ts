import { deepEqual, equal, rejects } from 'node:assert/strict'
import { test } from 'node:test'
import type { Config, Plan } from '@backstream/config'
import type { SkippedResult } from '@backstream/jobs'
import { silentLogger, systemClock } from '@backstream/kernel'
import type { ActiveBackupRun } from '@backstream/queue'
import { createMemoryStorage, type Storage } from '@backstream/storage'
import { commitSample } from './commit-sample.ts'
import { giveWay } from './give-way.ts'
import { findCommitted } from './run-result.ts'

const earlier = '20261123T031500Z-000001'
const plan = {
  ...{ name: 'media', storage: 'main' },
  retention: { keepLast: 1 },
} as unknown as Plan
const skipped: SkippedResult = {
  ...{ outcome: 'skipped', plan: 'media', reason: 'run 2 of this plan is under way', byRun: '2' },
}

/** A worker that notes what it was made to ask for and to tell. */
function noting(storage: Storage) {
  const asked: string[] = []
  const told: string[] = []
  const enqueue = async (id: string) => {
    asked.push(id)
    return { queue: 'maintenance', jobId: id, plan: 'media' }
  }
  const context = {
    workerName: 'nas',
    clock: systemClock,
    logger: silentLogger,
    config: { storages: { main: { lock: { mode: 'governance' } } } } as unknown as Config,
    producer: {
      enqueueUpkeep: ({ once }: { once: string }) => enqueue(once),
      enqueueCleanup: ({ backup }: { backup: string }) => enqueue(`cleanup ${backup}`),
    },
    teller: {
      started: async () => {},
      committed: async ({ backup }: { backup: string }) => void told.push(backup),
    },
    planNamed: () => plan,
    openStorage: async () => ({ ...storage, [Symbol.asyncDispose]: async () => {} }),
  } as unknown as Parameters<typeof giveWay>[0] & Parameters<typeof findCommitted>[0]
  return { context, asked, told }
}

function runWith(backups: readonly string[]) {
  const settled: string[] = []
  const ledger = {
    earlier: backups.map((backup) => ({ backup, state: 'open' })),
    settle: async (backup: string, state: string) => void settled.push(`${backup} ${state}`),
  }
  const run = { ledger, log: async () => {}, signal: new AbortController().signal }
  return { run: run as unknown as ActiveBackupRun, settled }
}

const following = (backup: string) => [`lock-media-after-${backup}`, `prune-media-after-${backup}`]

test('a run that finds its plan taken and was never begun before is skipped, at no look', async () => {
  const { context, asked, told } = noting(createMemoryStorage())
  const never = { ...context, openStorage: () => Promise.reject(new Error('looked')) }
  deepEqual(await giveWay(never, { plan, run: runWith([]).run }, skipped), skipped)
  deepEqual([asked, told], [[], []])
})

test('what its killed worker left is removed before it is skipped', async () => {
  const storage = createMemoryStorage()
  await storage.put(`media/${earlier}/index.zst`, Buffer.from('x'))
  const { context, asked, told } = noting(storage)
  const { run, settled } = runWith([earlier])
  deepEqual(await giveWay(context, { plan, run }, skipped), skipped)
  deepEqual(settled, [`${earlier} cleaned`])
  await rejects(storage.head(`media/${earlier}/index.zst`), { code: 'not-found' })
  deepEqual([asked, told], [[], []])
})

test('what its killed worker had committed is its result, told of, locked and pruned after', async () => {
  const storage = createMemoryStorage()
  const { backup } = await commitSample(storage)
  const { context, asked, told } = noting(storage)
  const { run, settled } = runWith([earlier, backup])
  const result = await giveWay(context, { plan, run }, skipped)
  deepEqual([result.outcome, 'backup' in result && result.backup], ['committed', backup])
  deepEqual(settled, [`${earlier} cleaned`, `${backup} committed`])
  deepEqual([asked, told], [following(backup), [backup]])
})

test('so it is for a run that is given up after its commit: nothing is made or removed', async () => {
  const storage = createMemoryStorage()
  const { backup } = await commitSample(storage)
  const { context, asked, told } = noting(storage)
  const attempts = [{ backup: earlier }, { backup }]
  const result = await findCommitted(context, { plan: 'media', attempts })
  deepEqual([result?.outcome, result && 'backup' in result && result.backup], ['committed', backup])
  deepEqual([asked, told], [following(backup), [backup]])
  equal(await findCommitted(context, { plan: 'media', attempts: [{ backup: earlier }] }), null)
})
