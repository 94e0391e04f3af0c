import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import { leakGuard, type StartedProcess, waitFor } from '@backstream/testkit'
import { type MainJob, openMainJob } from './main-job-fixture.ts'

/** Gives some parts, and the rest only once there is a file `go`. */
const gated = `head -c 40000000 /dev/zero; until [ -e go ]; do sleep 0.1; done; echo end`
const plans = ['streaming', 'committing', 'committed']

let here: MainJob
before(async () => {
  here = await openMainJob((tree) =>
    plans
      .map(
        (name) =>
          `  ${name}: { attempts: 3, compression: { algorithm: none }, source: { kind: command, argv: [sh, -c, "${gated}"], cwd: ${tree}/.. } }`,
      )
      .join('\n'),
  )
})
after(() => here?.[Symbol.asyncDispose]())
leakGuard()

const letGo = () => writeFile(join(here.folder, 'go'), '')
beforeEach(() => rm(join(here.folder, 'go'), { force: true }))
afterEach(async () => {
  here.faults.clear()
  await letGo()
})

/** The run has ended as the other worker says; the frozen one goes on, and has ended its attempt. */
async function thaw(frozen: StartedProcess, isDone: RegExp): Promise<string> {
  frozen.signal('SIGCONT')
  await frozen.waitForOutput(isDone)
  equal((await frozen.stop()).code, 0, 'it lives on, and ends when it is told to')
  return `${frozen.stdout()}${frozen.stderr()}`
}

async function assertOneWholeBackup(plan: string, fence: number) {
  const manifests = await here.bucket.manifests(plan)
  deepEqual(
    manifests.map(({ run }) => run.fence),
    [fence],
  )
  deepEqual(await here.bucket.leftovers(plan), [])
  const verified = await here.run(['verify', plan, '--deep'])
  equal(verified.status, 0, verified.stderr)
}

const start = (plan: string) => here.run(['run', plan, '--wait', '--json'])
const outcomeOf = ({ stdout }: { stdout: string }) => JSON.parse(stdout).runs[0].outcome

describe('a worker that is frozen past its lock and goes on later', () => {
  it('in mid-stream commits nothing, and removes what is its own and nothing else', async () => {
    await using frozen = await here.startImpatientWorker()
    const ended = start('streaming')
    await waitFor(async () => (await here.bucket.uploads()).length > 0, {
      what: 'the upload to begin',
      timeoutMs: 30_000,
    })
    frozen.signal('SIGSTOP')
    await using _other = await here.startImpatientWorker()
    await waitFor(async () => (await here.bucket.keys()).some(isVoid), {
      what: 'the other one to clean up after it',
      timeoutMs: 30_000,
    })
    await letGo()
    equal(outcomeOf(await ended), 'committed')
    const log = await thaw(frozen, /cleaned up \S+-000001/)
    match(log, /lost the lease of streaming|Another run has taken over/)
    await assertOneWholeBackup('streaming', 2)
  })

  it('between the last question and the manifest finds its slot void', async () => {
    await using frozen = await here.startImpatientWorker()
    const action = { hold: 'before' } as const
    const put = here.faults.add({ ...slotOf('committing'), times: 1, action })
    await letGo()
    const ended = start('committing')
    await put.struck
    frozen.signal('SIGSTOP')
    await using _other = await here.startImpatientWorker()
    equal(outcomeOf(await ended), 'committed')
    put.release()
    const log = await thaw(frozen, /cleaned up \S+-000001/)
    match(log, /This attempt was given up|Another run has taken over/)
    await assertOneWholeBackup('committing', 2)
    const slots = (await here.bucket.keys()).filter((key) => /^committing\/[^/]+\.json$/.test(key))
    const first = await here.bucket.json(slots[0] ?? '')
    ok(first.void, 'the first attempt is void')
  })

  it('behind the manifest has made the backup, and the other one makes none', async () => {
    await using frozen = await here.startImpatientWorker()
    const action = { hold: 'after' } as const
    const put = here.faults.add({ ...slotOf('committed'), times: 1, action })
    await letGo()
    const ended = start('committed')
    await put.struck
    frozen.signal('SIGSTOP')
    await using _other = await here.startImpatientWorker()
    equal(outcomeOf(await ended), 'committed')
    put.release()
    await thaw(frozen, /committed committed\/\S+-000001|-000001 had been committed after all/)
    await assertOneWholeBackup('committed', 1)
  })
})

const isVoid = (key: string) => /^streaming\/[^/]+-000001\.json$/.test(key)
const slotOf = (plan: string) =>
  ({ operation: 'PutObject', key: new RegExp(`/${plan}/[^/]+\\.json$`) }) as const
