import { deepEqual, equal, match } from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { leakGuard, waitFor } from '@backstream/testkit'
import { type Installation, openInstallation } from './cli-installation.ts'

/** Sends enough for an upload to begin, and the rest once there is a file `go`. */
const gated = `head -c 20000000 /dev/urandom; until [ -e go ]; do sleep 0.1; done; echo end`

let here: Installation
before(async () => {
  here = await openInstallation({
    plans: (tree) => `
  held: { source: { kind: command, argv: [sh, -c, "${gated}"], cwd: ${tree}/.. } }
  broken: { source: { kind: command, argv: [sh, -c, "echo half; cat flag"], cwd: ${tree}/.. } }
  asleep: { runsOn: nobody, source: { kind: directory, path: ${tree} } }
`,
  })
})
after(() => here?.[Symbol.asyncDispose]())
leakGuard()

describe('runs that are there already', () => {
  it('are cancelled where they run, cleaned up, and tell so', async () => {
    const waited = here.run(['run', 'held', '--wait', '--json'])
    await waitFor(async () => /begins/.test((await here.run(['logs', 'held'])).stdout), {
      what: 'the run to begin',
      timeoutMs: 30_000,
    })
    const cancelled = await here.run(['cancel', 'held', '--json'])
    equal(cancelled.status, 0, cancelled.stderr)
    const { format, runs } = JSON.parse(cancelled.stdout)
    equal(format, 'backstream.cancel/1')
    equal(runs[0].outcome, 'cancelled')
    match(runs[0].cause, /^cancelled by .+@.+$/)
    const { status, stdout } = await waited
    equal(status, 1)
    equal(JSON.parse(stdout).runs[0].outcome, 'cancelled')
    match((await here.run(['logs', runs[0].run])).stdout, /cleaned up|removed|ended early/)
    deepEqual((await here.json(['list', 'held'])).backups, [])
    equal((await here.run(['cancel', 'held'])).status, 5)
  })

  it('are cancelled in line, with no worker there', async () => {
    await here.run(['run', 'asleep'])
    const { status, stdout } = await here.run(['cancel', 'asleep'])
    equal(status, 0)
    match(stdout, /^asleep: run \S+ is cancelled\n$/)
    match((await here.run(['status'])).stdout, /cancelled/)
  })

  it('are tried again once the cause is mended, and followed to their end', async () => {
    equal((await here.run(['run', 'broken', '--wait'])).status, 1)
    equal((await here.run(['retry', 'held-no-such-run'])).status, 5)
    await writeFile(join(here.folder, 'flag'), 'mended')
    const { runs } = await here.json(['retry', 'broken'])
    const followed = await here.run(['logs', runs[0].run, '-f', '--json'])
    equal(followed.status, 0, followed.stderr)
    const log = JSON.parse(followed.stdout)
    equal(log.format, 'backstream.logs/1')
    equal(log.state, 'completed')
    match(log.lines.at(-1), /committed broken\//)
    const again = await here.run(['retry', 'broken'])
    equal(again.status, 1)
    match(again.stderr, /neither failed nor been cancelled: it is committed/)
  })
})
