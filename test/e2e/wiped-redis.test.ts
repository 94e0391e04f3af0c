import { deepEqual, equal, ok } from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import {
  leakGuard,
  type PrivateRedis,
  startPrivateRedis,
  uniqueName,
  waitFor,
} from '@backstream/testkit'
import { type MainJob, openMainJob } from './main-job-fixture.ts'

const gated = 'head -c 20000000 /dev/zero; until [ -e go ]; do sleep 0.1; done; echo end'

let redis: PrivateRedis
let here: MainJob
before(async () => {
  redis = await startPrivateRedis()
  here = await openMainJob(
    (tree) => {
      const source = `source: { kind: command, argv: [sh, -c, "${gated}"], cwd: ${tree}/.. }`
      const hourly = ['one', 'two', 'three'].map(
        (name) =>
          `  ${name}: { schedule: { every: 1h }, source: { kind: directory, path: ${tree} } }`,
      )
      return `
  daily: { schedule: { cron: "15 3 * * *", timezone: Europe/Berlin, jitter: 30m }, compression: { algorithm: none }, ${source} }
${hourly.join('\n')}
`
    },
    { redis: { url: redis.url, prefix: uniqueName('test') } },
  )
})
after(async () => {
  await here?.[Symbol.asyncDispose]()
  await redis?.[Symbol.asyncDispose]()
})
leakGuard()

interface Row {
  readonly plan: string
  readonly nextRun: string | null
  readonly backups: number
}

async function schedules(): Promise<Map<string, string | null>> {
  const { plans } = (await here.json(['status'])) as { plans: Row[] }
  return new Map(plans.map(({ plan, nextRun }) => [plan, nextRun] as const).sort())
}

const areBack = async () => [...(await schedules()).values()].every((next) => next !== null)

describe('a Redis that is wiped while a run is under way', () => {
  it('has its schedules back at their own times, and at most one backup of the run', async () => {
    await using worker = await here.startWorker()
    await using scheduler = here.start(['scheduler'])
    await waitFor(areBack, { what: 'the schedules', timeoutMs: 60_000 })
    const before = await schedules()
    equal(new Set(before.values()).size, 4, 'not all at once')
    await writeFile(join(here.folder, 'go'), '')
    equal((await here.run(['run', 'daily', '--wait'])).status, 0)
    await here.run(['run', 'one', '--wait'])
    const [first] = await here.bucket.manifests('daily')

    await writeFile(join(here.folder, 'go'), '')
    const part = here.faults.add({
      operation: 'UploadPart',
      times: 1,
      action: { hold: 'before' },
    })
    equal((await here.run(['run', 'daily'])).status, 0)
    await part.struck
    await redis.flushAll()
    part.release()

    await waitFor(areBack, { what: 'the schedules again', timeoutMs: 60_000 })
    deepEqual(await schedules(), before)
    await waitFor(() => /daily|ended early/.test(endOf(worker.stderr())), {
      what: 'the run to end',
      timeoutMs: 90_000,
    })
    const made = (await here.bucket.manifests('daily')).length
    ok(made === 1 || made === 2, `${made} backups`)
    const history = (await here.json(['list', 'daily'])).backups
    equal(history.at(-1).backup, first.backup)
    equal((await here.run(['run', 'daily', '--wait'])).status, 0)
    const fences = (await here.bucket.manifests('daily')).map(({ run }) => run.fence)
    deepEqual(
      fences,
      [...new Set(fences)].sort((a, b) => a - b),
    )
    equal((await here.run(['sweep', '--confirm', '--grace', '0s'])).status, 0)
    deepEqual(await here.bucket.leftovers('daily'), [])
    equal((await scheduler.stop()).code, 0)
  })
})

/** What the worker said of its second attempt at the plan. */
function endOf(log: string): string {
  const lines = log.split('\n').filter((line) => /committed daily\/|ended early/.test(line))
  return lines.slice(1).join('\n')
}
