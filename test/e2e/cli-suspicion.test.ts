import { deepEqual, equal, match } from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type HearingServer, startHearingServer, waitFor } from '@backstream/testkit'
import { type Installation, openInstallation } from './cli-installation.ts'

let here: Installation
let server: HearingServer
before(async () => {
  server = await startHearingServer()
  here = await openInstallation({
    plans: (tree) => `
  dump: { source: { kind: command, argv: [cat, ${tree}/dump] } }
  small: { minSize: 1MiB, source: { kind: command, argv: [echo, hello] } }
notify: { ops: { kind: webhook, url: "${server.url}/ops" } }
`,
  })
})
after(async () => {
  await here?.[Symbol.asyncDispose]()
  await server?.[Symbol.asyncDispose]()
})

/** What was told of the plan, in order. */
function told(plan: string): { event: string; backup: string; text: string }[] {
  return server.heard.map(({ body }) => JSON.parse(body)).filter((one) => one.plan === plan)
}

async function backUp(content: string): Promise<void> {
  await writeFile(join(here.tree, 'dump'), content)
  await here.run(['run', 'dump', '--wait'])
}

async function backups() {
  return (await here.json(['list', 'dump'])).backups
}

async function stateOf(plan: string) {
  const { plans } = await here.json(['status'])
  return plans.find((one: { plan: string }) => one.plan === plan)
}

describe('a backup that shrank', () => {
  it('is suspect, is no latest, and fails the check, until it is accepted', async () => {
    await backUp('x'.repeat(100_000))
    await backUp('x'.repeat(10_000))
    const [suspect, good] = await backups()
    deepEqual([suspect.status, suspect.good, good.status], ['suspect', false, 'good'])
    const shown = await here.run(['show', suspect.ref])
    match(shown.stdout, /status +suspect; shrink: expected at least \d+ bytes, .*found \d+ bytes/)
    const latest = await here.run(['show', 'dump'])
    match(latest.stdout, new RegExp(`backup +${good.ref}`))
    match(latest.stderr, new RegExp(`passed over: ${suspect.ref} is suspect`))
    const state = await stateOf('dump')
    deepEqual([state.state, state.newestGood.backup], ['suspect', good.backup])
    match(state.words, /shrink/)
    equal((await here.run(['status', '--check'])).status, 1)
    await waitFor(() => told('dump').length > 0, { what: 'the alarm', timeoutMs: 30_000 })
    deepEqual([told('dump')[0]?.event, told('dump')[0]?.backup], ['suspect', suspect.backup])
    match(told('dump')[0]?.text ?? '', /shrink: expected at least \d+ bytes, .*found \d+ bytes/)

    const unnamed = await here.run(['accept', 'dump'])
    equal(unnamed.status, 2)
    match(unnamed.stderr, new RegExp(suspect.ref))
    const accepted = await here.run(['accept', suspect.ref])
    equal(accepted.status, 0, accepted.stderr)
    match(accepted.stdout, /counts as good now/)
    equal((await here.json(['accept', suspect.ref])).outcome, 'was-so')
    const after = await stateOf('dump')
    deepEqual([after.state, after.newestGood.backup], ['good', suspect.backup])
    match((await here.run(['list', 'dump'])).stdout, /suspect, accepted/)
    await using _scheduler = here.start(['scheduler'])
    await waitFor(() => told('dump').length > 1, { what: 'the recovery', timeoutMs: 30_000 })
    deepEqual(
      told('dump').map(({ event }) => event),
      ['suspect', 'recovered'],
    )
  })

  it('may be one that is smaller than it must be', async () => {
    await here.run(['run', 'small', '--wait'])
    equal((await stateOf('small')).state, 'suspect')
  })

  it('of a plan that has none is said to be none', async () => {
    equal((await here.run(['accept', 'dump/20200101'])).status, 5)
    equal((await here.run(['pin', 'nothing'])).status, 5)
  })
})

describe('a pin', () => {
  it('is set and taken off by hand, or set by the run', async () => {
    const isPinned = async () => (await backups())[0].pinned
    equal(await isPinned(), false)
    match((await here.run(['pin', 'dump'])).stdout, /is pinned/)
    equal(await isPinned(), true)
    equal((await here.json(['pin', 'dump'])).outcome, 'was-so')
    equal((await here.run(['unpin', 'dump'])).status, 0)
    equal(await isPinned(), false)
    equal((await here.run(['run', 'dump', '--pin', '--wait'])).status, 0)
    equal(await isPinned(), true)
  })
})
