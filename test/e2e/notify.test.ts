import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import {
  type HearingServer,
  type StartedProcess,
  startHearingServer,
  waitFor,
} from '@backstream/testkit'
import { type Installation, openInstallation } from './cli-installation.ts'

const canary = 'c4n4ry-in-the-address'
let here: Installation
let server: HearingServer
let scheduler: StartedProcess
let worker: StartedProcess

before(async () => {
  server = await startHearingServer()
  here = await openInstallation({
    isServed: false,
    plans: (tree) => `
  moody: { notify: [hc, ops], source: { kind: command, argv: [cat, ${tree}/moody] } }
  old: { overdueAfter: 3s, source: { kind: command, argv: [echo, hello] } }
  leaving: { source: { kind: command, argv: [echo, farewell] } }
notify:
  hc: { kind: ping, url: "${server.url}/hc/${canary}" }
  ops: { kind: webhook, url: "${server.url}/ops/${canary}" }
  all: { kind: webhook, url: "${server.url}/all/${canary}", on: [succeeded] }
heartbeat: { url: "${server.url}/heart/${canary}", every: 1s }
`,
  })
  worker = await startWorker()
  scheduler = await startScheduler()
})

after(async () => {
  await scheduler?.stop()
  await worker?.stop()
  await here?.[Symbol.asyncDispose]()
  await server?.[Symbol.asyncDispose]()
})

async function startScheduler(): Promise<StartedProcess> {
  const started = here.start(['scheduler'])
  await started.waitForOutput(/scheduler is running/)
  return started
}

async function startWorker(): Promise<StartedProcess> {
  const started = here.start(['worker'])
  await started.waitForOutput(/serves backups/)
  return started
}

/** The documents a webhook was given. */
function told(name: string, event?: string): { event: string; plan: string; text: string }[] {
  const requests = server.heard.filter(({ path }) => path === `/${name}/${canary}`)
  const documents = requests.map(({ body }) => JSON.parse(body))
  return documents.filter((document) => event === undefined || document.event === event)
}

function pings(): string[] {
  const requests = server.heard.filter(({ path }) => path.startsWith(`/hc/`))
  return requests.map(({ path }) => path.replace(`/hc/${canary}`, ''))
}

const hears = (what: string, isSo: () => boolean) => waitFor(isSo, { timeoutMs: 60_000, what })

async function configure(change: (text: string) => string): Promise<void> {
  const file = join(here.folder, 'backstream.yaml')
  await writeFile(file, change(await readFile(file, 'utf8')))
  scheduler.signal('SIGHUP')
}

describe('whom it concerns', () => {
  it('is told of a run that failed, and of the good one after it, each once', async () => {
    equal((await here.run(['run', 'moody', '--wait'])).status, 1)
    await hears('the failure', () => told('ops', 'failed').length > 0 && pings().includes('/fail'))
    const [failure] = told('ops', 'failed')
    equal(failure?.plan, 'moody')
    match(failure?.text ?? '', /No such file/)
    await writeFile(join(here.tree, 'moody'), 'content')
    equal((await here.run(['run', 'moody', '--wait'])).status, 0)
    await hears('the recovery', () => told('ops', 'recovered').length > 0 && pings().includes(''))
    match(told('ops', 'recovered')[0]?.text ?? '', /moody is well again \(failed\)/)
    deepEqual(pings(), ['/start', '/fail', '/start', ''])
  })

  it('is told of a plan that was waited for beyond its limit and never had a backup', async () => {
    const isLate = () => told('ops', 'overdue').some(({ text }) => /has no good backup/.test(text))
    await hears('that it is overdue', isLate)
    const { plans } = await here.json(['status'])
    const old = plans.find(({ plan }: { plan: string }) => plan === 'old')
    deepEqual([old.state, old.isOverdue, old.newestGood], ['overdue', true, null])
    const checked = await here.run(['status', '--check'])
    equal(checked.status, 1)
    match(checked.stdout, /^old .*overdue .*no good backup yet, and waited for longer/m)
  })

  it('is told that a plan is overdue once, however often somebody looks', async () => {
    equal((await here.run(['run', 'old', '--wait'])).status, 0)
    const isLate = () =>
      told('ops', 'overdue').some(({ text }) => /older than its limit/.test(text))
    await hears('that it is overdue', isLate)
    const before = told('ops', 'overdue')
    await scheduler.stop()
    scheduler = await startScheduler()
    await scheduler.waitForOutput(/heartbeat is not sent: old: the newest good backup/)
    deepEqual(told('ops', 'overdue'), before)
    equal((await here.run(['status', '--check'])).status, 1)
  })

  it('is told of backups of a plan that the configuration does not have, until it is retired', async () => {
    equal((await here.run(['run', 'leaving', '--wait'])).status, 0)
    await configure((text) => text.replace(/^ {2}leaving:.*\n/m, ''))
    await hears('of the unknown plan', () => told('ops', 'unknown-plan').length > 0)
    const status = await here.json(['status'])
    deepEqual(
      status.unknownPlans.map((one: { plan: string; backups: number }) => [one.plan, one.backups]),
      [['leaving', 1]],
    )
    match((await here.run(['status'])).stdout, /leaving: unknown to config/)
    equal((await here.run(['prune', 'leaving', '--confirm'])).status, 5)
    equal((await here.run(['sweep', '--confirm', '--grace', '0s'])).status, 0)
    const listed = await here.json(['list', 'leaving'])
    equal(listed.backups.length, 1)
    equal((await here.run(['restore', 'leaving', '--to', join(here.folder, 'back')])).status, 0)
    await configure((text) => `${text}retired: [leaving]\n`)
    deepEqual((await here.json(['status'])).unknownPlans, [])
    equal(told('ops', 'unknown-plan').length, 1)
  })

  it('is told nothing that it did not ask for', async () => {
    ok(told('all').length > 0)
    ok(told('all').every(({ event }) => event === 'succeeded'))
    equal(told('ops', 'succeeded').length + told('ops', 'started').length, 0)
  })

  it('is asked again when it does not take the news', async () => {
    server.answer(503)
    const before = told('all').length
    equal((await here.run(['run', 'old', '--wait'])).status, 0)
    await hears('the first try', () => told('all').length > before)
    server.answer(200)
    await hears('the second try', () => told('all').length > before + 1)
    const [first, second] = told('all').slice(before)
    deepEqual(first, second)
  })
})

describe('a test', () => {
  it('goes to the one that is named, and says how that went', async () => {
    const sent = await here.run(['notify', 'ops', '--test'])
    equal(sent.status, 0, sent.stderr)
    match(sent.stdout, /ops \(webhook\) took the test/)
    equal(told('ops', 'test').length, 1)
    equal((await here.json(['notify', 'hc', '--test'])).kind, 'ping')
    equal(pings().at(-1), '/log')
    server.answer(404)
    const refused = await here.run(['notify', 'ops', '--test'])
    server.answer(200)
    equal(refused.status, 1)
    match(refused.stderr, /the webhook ops answers with status 404/)
    const nobody = await here.run(['notify', 'nobody', '--test'])
    equal(nobody.status, 2)
    match(nobody.stderr, /hc, ops, all/)
    equal((await here.run(['notify', 'ops'])).status, 2)
    const said = [sent, refused, nobody].map(({ stdout, stderr }) => stdout + stderr).join('')
    ok(!said.includes(canary))
  })
})

describe('the heartbeat', () => {
  it('comes while every plan is well, and stops with the worker', async () => {
    const beats = () => server.heard.filter(({ path }) => path === `/heart/${canary}`).length
    await configure((text) => text.replace('overdueAfter: 3s, ', ''))
    await hears('a heartbeat', () => beats() > 0)
    await worker.stop()
    await scheduler.waitForOutput(/heartbeat is not sent: no worker serves backups/)
    const after = beats()
    worker = await startWorker()
    await hears('the next heartbeat', () => beats() > after)
    ok(!`${scheduler.stdout()}${scheduler.stderr()}`.includes(canary))
  })
})
