import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import { leakGuard, waitFor } from '@backstream/testkit'
import { type MainJob, openMainJob } from './main-job-fixture.ts'

/** Notes that it has begun, gives some parts, and the rest only once there is a file `go`. */
const gated = `echo >> starts; head -c 40000000 /dev/urandom; until [ -e go ]; do sleep 0.1; done; echo end`

let here: MainJob
before(async () => {
  here = await openMainJob((tree) =>
    ['stopped', 'killed', 'killed-waiting', 'twice', 'in-line']
      .map((name) => {
        const overlap = /wait|line/.test(name) ? 'wait' : 'skip'
        return `  ${name}: { overlap: ${overlap}, source: { kind: command, argv: [sh, -c, "${gated}"], cwd: ${tree}/.. } }`
      })
      .join('\n'),
  )
})
after(() => here?.[Symbol.asyncDispose]())
leakGuard()

const file = (name: string) => join(here.folder, name)
const letGo = () => writeFile(file('go'), '')
const starts = async () => (await readFile(file('starts'), 'utf8').catch(() => '')).length
beforeEach(() => rm(file('starts'), { force: true }))
// A command that outlived its worker must not wait for ever.
afterEach(() => letGo())

interface Followed extends AsyncDisposable {
  /** What `run --wait --json` says of the run once it has ended. */
  // biome-ignore lint/suspicious/noExplicitAny: a document as a script would read it
  readonly outcome: () => Promise<any>
}

function follow(plan: string): Followed {
  const command = here.start(['run', plan, '--wait', '--json'])
  return {
    async outcome() {
      await command.exited
      return JSON.parse(command.stdout()).runs[0]
    },
    [Symbol.asyncDispose]: () => command[Symbol.asyncDispose](),
  }
}

/** A run that is in the middle of its upload, and stays there until `letGo`. */
async function followToTheMiddle(plan: string): Promise<Followed> {
  await rm(file('go'), { force: true })
  const followed = follow(plan)
  const what = `the upload of ${plan} to begin`
  const uploads = () => here.bucket.uploads()
  try {
    await waitFor(async () => (await uploads()).some((key) => key.includes('archive')), {
      ...{ what, timeoutMs: 30_000 },
    })
    return followed
  } catch (error) {
    await followed[Symbol.asyncDispose]()
    throw error
  }
}

async function assertOneBackup(plan: string) {
  const manifests = await here.bucket.manifests(plan)
  equal(manifests.length, 1)
  deepEqual(await here.bucket.leftovers(plan), [])
  return manifests[0]
}

describe('a worker that is told to stop in the middle of a run', () => {
  it('cleans up and hands the run back, and another one finishes it as the same attempt', async () => {
    await using first = await here.startImpatientWorker()
    await using run = await followToTheMiddle('stopped')
    await using _second = await here.startWorker()
    first.signal('SIGTERM')
    equal((await first.exited).code, 0, first.stderr())
    match(`${first.stdout()}${first.stderr()}`, /goes back into line/)
    await waitFor(async () => (await starts()) === 2, { what: 'the other worker to begin' })
    await letGo()
    equal((await run.outcome()).outcome, 'committed')
    const manifest = await assertOneBackup('stopped')
    equal(manifest.run.attempt, 1)
  })
})

describe('a worker that is killed in the middle of a run', () => {
  for (const plan of ['killed', 'killed-waiting']) {
    it(`leaves the run to another one, which removes what is left and finishes (${plan})`, async () => {
      await using first = await here.startImpatientWorker()
      await using run = await followToTheMiddle(plan)
      await using _second = await here.startImpatientWorker()
      first.signal('SIGKILL')
      await first.exited
      ok((await here.bucket.uploads()).length > 0, 'the dead worker could not clean up')
      await letGo()
      const { outcome, cause } = await run.outcome()
      equal(outcome, 'committed', cause)
      equal(await starts(), 2)
      await assertOneBackup(plan)
    })
  }
})

describe('a second run of a plan while one is under way', () => {
  it('is skipped, names the other one, and makes no backup', async () => {
    await using _worker = await here.startWorker()
    await using first = await followToTheMiddle('twice')
    await using second = follow('twice')
    const skipped = await second.outcome()
    equal(skipped.outcome, 'skipped')
    await letGo()
    const { outcome, run } = await first.outcome()
    equal(outcome, 'committed')
    ok(skipped.cause.includes(run), skipped.cause)
    ok(skipped.result.byRun.startsWith(run))
    equal(await starts(), 1)
    await assertOneBackup('twice')
  })

  it('waits where the plan says so, and a third is skipped', async () => {
    await using worker = await here.startWorker({ BACKSTREAM_WORKER_CONCURRENCY: '3' })
    await using first = await followToTheMiddle('in-line')
    await using second = follow('in-line')
    await worker.waitForOutput(/waiting for the run before/)
    await using third = follow('in-line')
    equal((await third.outcome()).outcome, 'skipped')
    await letGo()
    equal((await first.outcome()).outcome, 'committed')
    equal((await second.outcome()).outcome, 'committed')
    equal((await here.bucket.manifests('in-line')).length, 2)
    deepEqual(await here.bucket.leftovers('in-line'), [])
  })
})
