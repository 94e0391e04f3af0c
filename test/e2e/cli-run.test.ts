import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { freePort } from '@backstream/testkit'
import { type Installation, openInstallation } from './cli-installation.ts'

let here: Installation
before(async () => {
  here = await openInstallation()
})
after(async () => await here[Symbol.asyncDispose]())

describe('run', () => {
  it('enqueues, and with --wait ends with the outcome', async () => {
    const { status, stdout, stderr } = await here.run(['run', 'home', '--wait'])
    equal(status, 0, stderr)
    match(stdout, /^home: good: home\/\d{8}T\d{6}Z-000001, \d+ entries, /)
  })

  it('says the outcomes of several plans in one document, and ends with the worst', async () => {
    const args = ['run', 'second', 'broken', '--wait', '--json']
    const { status, stdout } = await here.run(args)
    equal(status, 1)
    const document = JSON.parse(stdout)
    equal(document.format, 'backstream.run/1')
    const [second, broken] = document.runs
    equal(second.outcome, 'committed')
    equal(broken.outcome, 'failed')
    match(broken.cause, /exit(ed)? .*3|status 3/)
  })

  it('does not wait without --wait', async () => {
    const document = await here.json(['run', 'second'])
    deepEqual(Object.keys(document.runs[0]), ['plan', 'run', 'queue'])
    equal(document.runs[0].queue, 'backups')
  })

  it('says that no worker serves the queue; Ctrl-C then ends the watching, not the run', async () => {
    let isKilled = false
    const { status, stderr } = await here.run(['run', 'nas', '--wait'], {
      onStderr: (text, kill) => {
        if (isKilled || !text.includes('backstream worker --name nas')) return
        isKilled = true // a second Ctrl-C would end it otherwise
        kill('SIGINT')
      },
    })
    equal(status, 130, stderr)
    match(stderr, /backstream worker --name nas/)
    // The worker the message asks for finds the run that is still there.
    await using worker = here.start(['worker', '--name', 'nas'])
    await worker.waitForOutput(/committed nas/)
  })

  it('gives up after --timeout with 124, and the run goes on', async () => {
    const { status, stderr } = await here.run(['run', 'slow', '--wait', '--timeout', '1s'])
    equal(status, 124)
    match(stderr, /goes on/)
    const { plans } = await here.json(['status'])
    equal(plans.find((one: { plan: string }) => one.plan === 'slow').state, 'running')
  })

  it('serves the run in this process with --here, whoever it belongs to', async () => {
    const { status, stdout, stderr } = await here.run(['run', 'nas', '--here'])
    equal(status, 0, stderr)
    match(stdout, /^nas: good: /)
  })

  it('leaves nothing behind of a run that --here was interrupted in', async () => {
    let isKilled = false
    const { status, stderr } = await here.run(['run', 'asleep', '--here', '--verbose'], {
      onStderr: (text, kill) => {
        if (isKilled || !/begins/.test(text)) return
        isKilled = true
        kill('SIGINT')
      },
    })
    equal(status, 130, stderr)
    const { plans } = await here.json(['status'])
    const asleep = plans.find((one: { plan: string }) => one.plan === 'asleep')
    deepEqual([asleep.lastRun, asleep.backups], [null, 0])
  })

  it('lists with --dry-run what would be read, and reads and enqueues nothing', async () => {
    const { status, stdout, stderr } = await here.run(['run', 'home', '--dry-run'])
    equal(status, 0, stderr)
    match(stdout, /odd\/empty folder/)
    const document = await here.json(['run', 'home', '--dry-run'])
    equal(document.format, 'backstream.dry-run/1')
    equal(document.plans[0].entries.length, document.plans[0].count)
    const missing = await here.run(['run', 'gone', '--dry-run'])
    equal(missing.status, 1)
    match(missing.stderr, /not-there/)
  })
})

describe('status', () => {
  it('puts the worst first, and --check fails because of it', async () => {
    await here.run(['run', 'broken', '--wait'])
    await here.run(['run', 'asleep'])
    const { status, stdout } = await here.run(['status', '--check'])
    equal(status, 1)
    match(stdout, /^\d of 7 plans need you\. Worst: broken, failed\./)
    const { plans, format } = await here.json(['status'])
    equal(format, 'backstream.status/1')
    equal(plans[0].plan, 'broken')
    match(plans[0].lastRun.cause, /3/)
    const home = plans.find((one: { plan: string }) => one.plan === 'home')
    equal(home.state, 'good')
    // No scheduler runs here.
    match(stdout, /home +good .* not armed /)
    match(stdout, /broken +failed .* by hand /)
    match(stdout, /^The queue backups\.nobody has no worker: 1 run waits\.$/m)
    // An earlier test has left it at work.
    match(stdout, /slow +running .* a run is under way; 0 B, 0 entries, /)
  })

  it('tells of the bucket although Redis is away, and cannot judge then', async () => {
    const env = { ...here.env, REDIS_URL: `redis://127.0.0.1:${await freePort()}` }
    const { status, stdout, stderr } = await here.run(['status', '--check'], { env })
    equal(status, 1)
    match(stdout, /home +good .* not known /)
    match(stderr, /runs and schedules are unknown/)
  })
})

describe('doctor', () => {
  it('probes Redis, store and sources, and names what is to mend', async () => {
    const { status, stdout } = await here.run(['doctor'])
    equal(status, 1)
    match(stdout, /ok +redis: /)
    match(stdout, /ok +storage main: /)
    match(stdout, /ok +plan home: directory can be read/)
    match(stdout, /error +plan gone: .*not-there/)
    match(stdout, /ok +plan nas: read by the worker nas/)
    const document = await here.json(['doctor'])
    equal(document.format, 'backstream.doctor/1')
    equal(document.healthy, false)
  })

  it('says where Redis is not', async () => {
    const env = { ...here.env, REDIS_URL: `redis://127.0.0.1:${await freePort()}` }
    const { status, stdout } = await here.run(['doctor'], { env })
    equal(status, 1)
    match(stdout, /error +redis: .*127\.0\.0\.1/)
  })
})

describe('up', () => {
  it('runs all three until Ctrl-C, and each of them tells that it is alive', async () => {
    await using all = here.start(['up', '--log-format', 'text'])
    await all.waitForOutput(/scheduler \| .*scheduler is running/)
    await all.waitForOutput(/worker {4}\| .*serves backups/)
    await all.waitForOutput(/board {5}\| .*board is up/)
    for (const role of ['scheduler', 'worker', 'board']) {
      const { processes } = await here.json(['health', role])
      // Of the whole machine: others may run there too.
      ok(
        processes.some((one: { alive: boolean }) => one.alive),
        role,
      )
    }
    all.signal('SIGINT')
    equal((await all.exited).code, 0, all.stderr())
    match(all.stderr(), /scheduler \| .*stopped/)
  })

  it('shows the first visit while there is no plan, and starts all once there is one', async () => {
    const file = join(here.folder, 'first.yaml')
    const whole = await readFile(join(here.folder, 'backstream.yaml'), 'utf8')
    // An installation of its own: this one has backups already.
    const head = whole
      .slice(0, whole.indexOf('plans:'))
      .replace(/^name: .*$/m, '$&-first')
      .replace(/^ +prefix: .*$/m, '$&/first')
    await writeFile(file, head)
    await using all = here.start(['up', '--config', file, '--log-format', 'text'])
    await all.waitForOutput(/there is no plan in .*first\.yaml yet/)
    await all.waitForOutput(/board {5}\| .*board is up/)
    const page = await (await fetch(`http://127.0.0.1:${here.env['BOARD_PORT']}/`)).text()
    match(page, /These five lines/)
    await writeFile(file, `${head}plans: { media: { source: { kind: directory } } }\n`)
    await all.waitForOutput(/no plan can start yet: .*path/s)
    const media = `{ storage: main, source: { kind: directory, path: ${here.tree} } }`
    await writeFile(file, `${head}plans: { media: ${media} }\n`)
    await all.waitForOutput(/scheduler \| .*scheduler is running/)
    await all.waitForOutput(/worker {4}\| .*serves backups/)
    await all.waitForOutput(/(board {5}\| [^\n]*board is up.*){2}/s)
    all.signal('SIGINT')
    equal((await all.exited).code, 0, all.stderr())
  })

  it('tells a mistake of the configuration once, and ends with 2', async () => {
    const env = { ...here.env, BOARD_PORT: 'nowhere' }
    const { status, stderr } = await here.run(['up'], { env })
    equal(status, 2)
    equal(stderr.match(/board\.listen/g)?.length, 1, stderr)
  })
})
