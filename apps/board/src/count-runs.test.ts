import { deepEqual, doesNotMatch, match, rejects } from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { RunSummary } from '@backstream/queue'
import { createMetrics } from '@backstream/runtime/metrics'
import { createRunCounter } from './count-runs.ts'

function ended(run: Partial<RunSummary> & { readonly id?: string }): RunSummary {
  return {
    ref: { queue: 'backups', jobId: run.id ?? '1', plan: 'media' },
    jobName: 'backup.run',
    state: 'completed',
    trigger: 'schedule',
    attemptsMade: 1,
    attempts: 3,
    failedReason: null,
    createdAtMs: 0,
    scheduledForMs: null,
    startedAtMs: 2_000,
    finishedAtMs: 5_000,
    dueAtMs: null,
    progress: null,
    result: {
      outcome: 'committed',
      plan: 'media',
      backup: '20261123T031500Z-000042',
      status: 'good',
      bytes: 1000,
      entries: 1,
      storedBytes: 300,
      durationMs: 3_000,
      warnings: 0,
    },
    ...run,
  }
}

function counting(sinceMs = 1_000) {
  const metrics = createMetrics({ installation: 'home', version: '0.1.0' })
  const found: { runs: RunSummary[] | Error } = { runs: [] }
  const findRuns = async () => {
    if (found.runs instanceof Error) throw found.runs
    return found.runs
  }
  const counter = createRunCounter({ metrics, producer: { findRuns }, plans: ['media'], sinceMs })
  return {
    found,
    metrics,
    count: () => counter.count(),
    async values(): Promise<Record<string, number>> {
      const lines = (await metrics.text()).split('\n').filter((line) => / [1-9]\d*$/.test(line))
      const samples = lines.flatMap((line) => {
        const match = /^backstream_(\w+?)(?:_total|_count)?\{(.*)\} (\d+)$/.exec(line)
        if (!match || /build_info|bucket|_sum/.test(line)) return []
        const labels = [...(match[2] ?? '').matchAll(/(trigger|outcome)="(\w+)"/g)].map(
          ([, , value]) => value,
        )
        return [[[match[1], ...labels].join(' '), Number(match[3])] as const]
      })
      return Object.fromEntries(samples)
    },
  }
}

describe('createRunCounter', () => {
  it('counts each run that ended once, with what it read and stored', async () => {
    const { found, count, values } = counting()
    found.runs = [ended({})]
    await count()
    await count()
    deepEqual(await values(), {
      'runs schedule committed': 1,
      run_duration_seconds: 1,
      read_bytes: 1000,
      stored_bytes: 300,
    })
  })

  it('counts a run that was retried and failed again as another end', async () => {
    const { found, count, values } = counting()
    const failed = { state: 'failed', result: null } as const
    found.runs = [ended({ ...failed, finishedAtMs: 5_000 })]
    await count()
    found.runs = [ended({ ...failed, finishedAtMs: 9_000 })]
    await count()
    deepEqual((await values())['runs schedule failed'], 2)
  })

  it('counts a skipped run as skipped, and not its duration', async () => {
    const { found, count, values } = counting()
    const result = { outcome: 'skipped', plan: 'media', reason: 'busy', byRun: null } as const
    found.runs = [ended({ result, trigger: 'manual' })]
    await count()
    deepEqual(await values(), { 'runs manual skipped': 1 })
  })

  it('counts what sweeps removed, and no sweep as a run', async () => {
    const { found, count, metrics } = counting()
    const figures = { uploads: 1, objects: 2, bytes: 700, waiting: 0, manifestGone: 0 }
    const swept = { outcome: 'swept', plan: 'media', ...figures } as const
    found.runs = [ended({ jobName: 'backup.sweep', result: null, swept })]
    await count()
    await count()
    const text = await metrics.text()
    match(text, /^backstream_swept_bytes_total\{.*\} 700$/m)
    doesNotMatch(text, /^backstream_runs_total\{.*\} 1$/m)
  })

  it('counts neither what ended before, nor what is no run', async () => {
    const { found, count, values } = counting(6_000)
    found.runs = [ended({ id: '1' }), ended({ jobName: 'backup.cleanup', finishedAtMs: 9_000 })]
    await count()
    deepEqual(await values(), {})
  })

  it('loses nothing to an outage of the queue', async () => {
    const { found, count, values } = counting()
    found.runs = new Error('unreachable')
    await rejects(count())
    found.runs = [ended({})]
    await count()
    deepEqual((await values())['runs schedule committed'], 1)
  })
})
