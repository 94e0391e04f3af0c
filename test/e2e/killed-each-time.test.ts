import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type HearingServer, leakGuard, startHearingServer, waitFor } from '@backstream/testkit'
import { type MainJob, openMainJob } from './main-job-fixture.ts'

/** Something is stored, and then the source takes its worker with it. */
const deadly = 'head -c 20000000 /dev/zero; if [ -e deadly ]; then kill -9 $$PPID; sleep 9; fi'

let here: MainJob
let server: HearingServer
before(async () => {
  server = await startHearingServer()
  here = await openMainJob((tree) => {
    const source = `{ kind: command, argv: [sh, -c, "${deadly}"], cwd: ${tree}/.. }`
    const plan = `compression: { algorithm: none }, source: ${source}`
    return `
  byhand: { ${plan} }
  onboard: { ${plan} }
  ticking: { ${plan}, schedule: { every: 2s } }
notify: { ops: { kind: webhook, url: "${server.url}/ops", on: [failed] } }
`
  })
  await writeFile(join(here.folder, 'deadly'), '')
})
after(async () => {
  await here?.[Symbol.asyncDispose]()
  await server?.[Symbol.asyncDispose]()
})
leakGuard()

const failures = (): { plan: string; run: string; text: string; backup: null }[] =>
  server.heard.map(({ body }) => JSON.parse(body))
const failureOf = (plan: string) => failures().find((failure) => failure.plan === plan)

/** As an orchestrator does: a worker that died is started again, until somebody says stop. */
function keepWorker(): AsyncDisposable & { readonly deaths: () => number } {
  let isStopping = false
  let deaths = 0
  let stop = async (): Promise<unknown> => undefined
  async function keep(): Promise<void> {
    while (!isStopping) {
      const worker = await here.startImpatientWorker().catch(() => null)
      if (!worker) continue
      stop = () => worker.stop(30_000)
      const { code } = await worker.exited
      if (code === 137) deaths += 1
    }
  }
  const keeping = keep()
  return {
    deaths: () => deaths,
    async [Symbol.asyncDispose]() {
      isStopping = true
      await stop()
      await keeping
    },
  }
}

describe('a run that kills its worker each time it is begun', () => {
  it('is failed with its phase, cleaned up and told of once, whoever started it', async () => {
    await using board = await here.startBoard()
    await using _scheduler = here.start(['scheduler'])
    equal((await here.run(['run', 'byhand'])).status, 0)
    const payload = { v: 1, plan: 'onboard', trigger: 'manual' }
    await board.call('POST', 'queues/backups/add', { name: 'backup.run', data: payload })
    await using worker = keepWorker()
    const plans = ['byhand', 'onboard', 'ticking']
    await waitFor(() => plans.every(failureOf), { what: 'all to fail', timeoutMs: 180_000 })
    await rm(join(here.folder, 'deadly'))
    ok(worker.deaths() >= 4)
    const failed = plans.map((plan) => failureOf(plan))
    for (const failure of failed) {
      // They die with each other, wherever they are.
      match(failure?.text ?? '', /worker died \d times .* in the phase "(preflight|streaming)"/)
    }
    await waitFor(async () => (await here.bucket.manifests('ticking')).length > 0, {
      what: 'the schedule to go on',
      timeoutMs: 60_000,
    })
    await waitFor(async () => (await here.bucket.leftovers('byhand')).length === 0, {
      what: 'the clean-up',
      timeoutMs: 60_000,
    })
    deepEqual(await here.bucket.leftovers('onboard'), [])
    deepEqual([...(await here.bucket.manifests('byhand'))], [])
    for (const failure of failed) {
      equal(failures().filter(({ run }) => run === failure?.run).length, 1)
    }
  })
})
