import { deepEqual, equal, match } from 'node:assert/strict'
import { appendFile, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, beforeEach, describe, it } from 'node:test'
import { leakGuard, waitFor } from '@backstream/testkit'
import { type MainJob, openMainJob } from './main-job-fixture.ts'

/** Notes that it is there, and ends once it is let go. */
const standing = (name: string) =>
  `echo ${name} >> begun; until grep -q ${name} go 2>/dev/null; do sleep 0.1; done; echo end`
const still = 'echo half; sleep 600'

let here: MainJob
before(async () => {
  here = await openMainJob((tree) => {
    const command = (script: string) =>
      `source: { kind: command, argv: [sh, -c, "${script}"], cwd: ${tree}/.. }`
    const plan = (name: string, more: string) =>
      `  ${name}: { ${more}, ${command(standing(name))} }`
    return `
${plan('first', 'limits: [pg]')}
${plan('second', 'limits: [pg]')}
${plan('third', 'limits: [uplink]')}
  endless: { timeout: 3s, ${command('while echo more; do sleep 0.2; done')} }
  idle: { idleTimeout: { source: 2s }, ${command(still)} }
limits: { pg: 1, uplink: 1 }
`
  })
})
after(async () => {
  // A command that outlived its worker must not wait for ever.
  await letGo('first', 'second', 'third')
  await here?.[Symbol.asyncDispose]()
})
beforeEach(async () => {
  for (const name of ['begun', 'go']) await rm(join(here.folder, name), { force: true })
})
leakGuard()

async function letGo(...plans: readonly string[]): Promise<void> {
  await appendFile(join(here.folder, 'go'), `${plans.join('\n')}\n`)
}

async function begun(): Promise<string[]> {
  const text = await readFile(join(here.folder, 'begun'), 'utf8').catch(() => '')
  return text.split('\n').filter((line) => line !== '')
}

const begins = (plan: string) =>
  waitFor(async () => (await begun()).includes(plan), {
    what: `${plan} to begin`,
    timeoutMs: 60_000,
  })
const enqueue = async (...plans: readonly string[]) =>
  equal((await here.run(['run', ...plans])).status, 0)

async function waits(plan: string): Promise<void> {
  const says = async () =>
    /waits for a place: limit pg/.test((await here.run(['logs', plan])).stdout)
  await waitFor(says, { what: `${plan} to wait`, timeoutMs: 60_000 })
}

async function isMade(plan: string): Promise<void> {
  const made = async () => (await here.bucket.manifests(plan)).length > 0
  await waitFor(made, { what: `a backup of ${plan}`, timeoutMs: 60_000 })
}

describe('a limit that plans name', () => {
  it('lets so many runs begin over all workers, and keeps no place of a worker meanwhile', async () => {
    await using _one = await here.startImpatientWorker()
    await using _other = await here.startImpatientWorker()
    await enqueue('first')
    await begins('first')
    await enqueue('second')
    await waits('second')
    await enqueue('third')
    await begins('third')
    deepEqual(await begun(), ['first', 'third'])
    await letGo('first')
    await begins('second')
    await letGo('second', 'third')
    for (const plan of ['first', 'second', 'third']) await isMade(plan)
  })

  it('is free again when the worker that had its place was killed, and its run comes back', async () => {
    await using doomed = await here.startImpatientWorker()
    await enqueue('first')
    await begins('first')
    await enqueue('second')
    await waits('second')
    doomed.signal('SIGKILL')
    await doomed.exited
    await using _other = await here.startImpatientWorker()
    await letGo('first', 'second')
    const backups = async (plan: string) => (await here.bucket.manifests(plan)).length
    await waitFor(async () => (await backups('first')) === 2 && (await backups('second')) === 2, {
      what: 'both backups',
      timeoutMs: 90_000,
    })
    for (const plan of ['first', 'second']) deepEqual(await here.bucket.leftovers(plan), [])
  })
})

describe('an attempt that does not come to its end', () => {
  it('is ended by the timeout of its plan, or by the stage that stands still, and cleaned up', async () => {
    await using _worker = await here.startImpatientWorker()
    const endless = await here.run(['run', 'endless', '--wait'])
    equal(endless.status, 1)
    match(endless.stdout + endless.stderr, /took longer than the timeout of endless, 3 ?s/)
    const idle = await here.run(['run', 'idle', '--wait'])
    equal(idle.status, 1)
    match(idle.stdout + idle.stderr, /Nothing came from the .*source.* for 2 s/)
    for (const plan of ['endless', 'idle']) {
      equal((await here.bucket.manifests(plan)).length, 0)
      deepEqual(await here.bucket.leftovers(plan), [])
    }
  })
})
