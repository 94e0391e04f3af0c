import { deepEqual, rejects } from 'node:assert/strict'
import { test } from 'node:test'
import type { RunFilter, RunSummary } from '@backstream/queue'
import { runsNamed } from './named-runs.ts'

function runOf(plan: string, jobId: string, jobName = 'backup.run'): RunSummary {
  return {
    ref: { queue: 'backups', jobId, plan },
    ...{ jobName, state: 'failed', trigger: 'manual', attemptsMade: 1, attempts: 3 },
    ...{ failedReason: 'no', createdAtMs: 0, scheduledForMs: null, startedAtMs: 0 },
    ...{ finishedAtMs: 0, dueAtMs: null, progress: null, result: null },
  }
}

const all = [
  runOf('media', 'media-b2'),
  runOf('media', 'media-b1'),
  runOf('media', 'media-b1', 'backup.cleanup'),
  runOf('shop', 'media'),
]
const producer = {
  findRuns: async ({ plan }: RunFilter) =>
    all.filter(({ ref }) => plan === undefined || ref.plan === plan),
}
const config = { plans: [{ name: 'media' }, { name: 'web' }], file: 'b.yaml' }
const idsOf = async (name: string) => {
  // biome-ignore lint/suspicious/noExplicitAny: of a plan only its name is asked for
  const runs = await runsNamed(producer, config as any, name)
  return runs.map(({ ref }) => ref.jobId)
}

test('a plan stands for its runs, newest first, and not for jobs that are none', async () => {
  deepEqual(await idsOf('media'), ['media-b2', 'media-b1'])
})

test('a run is named by its id or by a beginning that no other has', async () => {
  deepEqual(await idsOf('media-b1'), ['media-b1'])
  deepEqual(await idsOf('media-b2'), ['media-b2'])
  await rejects(idsOf('media-b'), { code: 'usage', message: '2 runs begin with media-b' })
})

test('what is neither a plan nor a run, and a plan without runs, is said to be so', async () => {
  await rejects(idsOf('nothing'), { code: 'no-such-run', message: /no plan nothing/ })
  await rejects(idsOf('web'), { code: 'no-such-run', message: /no run of web/ })
})
