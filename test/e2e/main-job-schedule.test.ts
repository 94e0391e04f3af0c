import { deepEqual, equal, notEqual, ok } from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { leakGuard, waitFor } from '@backstream/testkit'
import { type MainJob, openMainJob } from './main-job-fixture.ts'

let here: MainJob
before(async () => {
  here = await openMainJob(
    (tree) => `
  ticking: { schedule: { every: 2s }, source: { kind: directory, path: ${tree} } }
  quiet: { source: { kind: directory, path: ${tree} } }
`,
  )
})
after(() => here?.[Symbol.asyncDispose]())
leakGuard()

describe('a scheduler and a worker', () => {
  it('make the backups of a schedule by themselves, and only those', async () => {
    await using worker = await here.startWorker()
    await using scheduler = here.start(['scheduler'])
    await waitFor(async () => (await here.bucket.manifests('ticking')).length >= 3, {
      what: 'three backups',
      timeoutMs: 60_000,
    })
    equal((await scheduler.stop()).code, 0, scheduler.stderr())
    equal((await worker.stop(30_000)).code, 0, worker.stderr())
    const manifests = await here.bucket.manifests('ticking')
    const due = manifests.map(({ run }) => Date.parse(run.scheduledFor))
    equal(new Set(due).size, due.length, 'no due time has two backups')
    for (const { trigger, run, backup } of manifests) {
      equal(trigger, 'schedule')
      ok(Date.parse(run.startedAt) >= Date.parse(run.scheduledFor), backup)
      equal((Date.parse(run.scheduledFor) - (due[0] ?? 0)) % 2_000, 0)
    }
    deepEqual(await here.bucket.leftovers('ticking'), [])
    deepEqual(await here.bucket.manifests('quiet'), [])

    const { backups } = await here.json(['list'])
    deepEqual(
      backups.map(({ ref, trigger }: { ref: string; trigger: string }) => [ref, trigger]),
      manifests.map(({ backup }) => [`ticking/${backup}`, 'schedule']).reverse(),
    )
    notEqual(backups.length, 0)
  })
})
