import { deepEqual, equal } from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Clock } from '@backstream/kernel'
import type { RunSummary } from '@backstream/queue'
import { createMemoryStorage, type Storage } from '@backstream/storage'
import { sampleConfig, samplePlan } from '../sample-config.ts'
import { createPlanOverviewSource, type PlanOverviewSourceOptions } from './plan-overview-source.ts'

const nowMs = Date.UTC(2026, 10, 23, 6)
const clock: Clock = { now: () => nowMs, monotonicMs: () => 0 }
const signal = AbortSignal.timeout(30_000)
const hash = 'a'.repeat(64)

async function storeManifest(storage: Storage, plan: string, finishedAt: string): Promise<void> {
  const backup = '20261123T031500Z-000042'
  const manifest = {
    format: 'backstream/1',
    minReader: 1,
    plan,
    backup,
    kind: 'full',
    parent: null,
    trigger: 'schedule',
    run: {
      id: '1',
      attempt: 1,
      fence: 42,
      worker: 'w',
      host: 'h',
      scheduledFor: null,
      startedAt: '2026-11-23T03:15:00Z',
      finishedAt,
    },
    archives: [{ key: 'a', bytes: 90, sha256: hash, etag: null, versionId: null, check: 'sha256' }],
    compression: { algorithm: 'zstd', level: 3, frames: 1, frameBytes: 100 },
    encryption: null,
    content: { entries: 1, files: 1, bytes: 200, crc32: '00000000', sha256: null },
    index: { key: 'i', bytes: 10, sha256: hash, footer: { offset: 0, bytes: 1 } },
    sources: [
      {
        kind: 'directory',
        at: '',
        bytes: 200,
        entries: 1,
        firstFrame: 0,
        lastFrame: 0,
        consistency: 'none',
      },
    ],
    status: 'good',
    suspect: [],
    warnings: [],
    store: { storageClass: null, sse: null },
    previous: null,
    tool: { name: 'backstream', version: '0.1.0' },
  }
  await storage.put(`${plan}/${backup}.json`, Buffer.from(JSON.stringify(manifest)))
}

function ended(run: Partial<RunSummary>): RunSummary {
  return {
    ref: { queue: 'backups', jobId: '1', plan: 'media' },
    jobName: 'backup.run',
    state: 'failed',
    trigger: 'schedule',
    attemptsMade: 3,
    attempts: 3,
    failedReason: 'exit status 1',
    createdAtMs: 1,
    scheduledForMs: null,
    startedAtMs: 2,
    finishedAtMs: nowMs,
    dueAtMs: null,
    progress: null,
    result: null,
    ...run,
  }
}

function load(options: Partial<PlanOverviewSourceOptions> = {}) {
  return createPlanOverviewSource({
    config: sampleConfig(),
    openStorage: async () => createMemoryStorage(),
    producer: { findRuns: async () => [] },
    listSchedules: async () => [],
    plansSeen: async () => new Map(),
    clock,
    ...options,
  }).load(signal)
}

describe('createPlanOverviewSource', () => {
  it('tells of a plan’s newest good backup by its manifest', async () => {
    const storage = createMemoryStorage()
    await storeManifest(storage, 'media', '2026-11-23T04:00:00Z')
    const [row] = await load({ openStorage: async () => storage })
    equal(row?.state, 'good')
    deepEqual(row?.newestGood, {
      backup: '20261123T031500Z-000042',
      finishedAtMs: Date.UTC(2026, 10, 23, 4),
      ageMs: 2 * 3_600_000,
      bytes: 200,
      storedBytes: 100,
      changeBytes: null,
    })
  })

  it('tells when a plan is due, and how its last run went', async () => {
    const cleanup = ended({ jobName: 'backup.cleanup', state: 'completed' })
    const [row] = await load({
      listSchedules: async () => [
        { plan: 'media', queue: 'backups', nextMs: nowMs + 1, pattern: '' },
      ],
      producer: {
        findRuns: async ({ jobName }) =>
          [cleanup, ended({})].filter((run) => run.jobName === jobName),
      },
    })
    equal(row?.nextRunMs, nowMs + 1)
    equal(row?.state, 'failed')
    deepEqual(row?.lastRun, { outcome: 'failed', atMs: nowMs, cause: 'exit status 1' })
  })

  it('tells apart runs that made a backup, were skipped, or are not done', async () => {
    const skipped = { outcome: 'skipped', plan: 'media', reason: 'busy', byRun: null } as const
    for (const [run, outcome, cause] of [
      [ended({ state: 'completed' }), 'committed', null],
      [ended({ state: 'completed', result: skipped }), 'skipped', 'busy'],
      [ended({ state: 'active' }), 'running', null],
      [ended({ state: 'delayed' }), 'waiting', 'exit status 1'],
    ] as const) {
      const [row] = await load({ producer: { findRuns: async () => [run] } })
      deepEqual([row?.lastRun?.outcome, row?.lastRun?.cause], [outcome, cause])
    }
  })

  it('knows nothing of the plans in a bucket it cannot read, and all of the others', async () => {
    const plans = [samplePlan({ name: 'a', storage: 'down' }), samplePlan({ name: 'b' })]
    const rows = await load({
      config: sampleConfig({ plans }),
      openStorage: async (name) => {
        if (name === 'down') throw new Error('no route to host')
        return createMemoryStorage()
      },
    })
    deepEqual(
      rows.map(({ plan, state, words }) => [plan, state, words]),
      [
        ['a', 'unknown', 'no route to host'],
        ['b', 'never', 'no good backup yet'],
      ],
    )
  })

  it('still tells of the bucket while Redis is away', async () => {
    const away = () => Promise.reject(new Error('ECONNREFUSED'))
    const storage = createMemoryStorage()
    await storeManifest(storage, 'media', '2026-11-23T04:00:00Z')
    const [row] = await load({
      openStorage: async () => storage,
      producer: { findRuns: away },
      listSchedules: away,
    })
    deepEqual([row?.state, row?.nextRunMs, row?.lastRun?.outcome], ['good', null, 'committed'])
  })

  it('opens a storage once, and again only when that failed', async () => {
    const opened: string[] = []
    let isDown = true
    const source = createPlanOverviewSource({
      config: sampleConfig({ plans: [samplePlan({ name: 'a' }), samplePlan({ name: 'b' })] }),
      openStorage: async (name) => {
        opened.push(name)
        if (isDown) throw new Error('down')
        return createMemoryStorage()
      },
      producer: { findRuns: async () => [] },
      listSchedules: async () => [],
      plansSeen: async () => new Map(),
      clock,
    })
    await source.load(signal)
    isDown = false
    await source.load(signal)
    await source.load(signal)
    deepEqual(opened, ['main', 'main'])
  })
})
