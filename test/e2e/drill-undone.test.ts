/** A drill that cannot be done leaves nothing in the bucket, and is an alarm all the same. */
import { deepEqual, equal, match } from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import {
  type HearingServer,
  leakGuard,
  type StartedProcess,
  startHearingServer,
  waitFor,
} from '@backstream/testkit'
import { type Installation, openInstallation } from './cli-installation.ts'

const secret = 'AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX'
const recipient = 'age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj'

let here: Installation
let server: HearingServer
const started: StartedProcess[] = []

before(async () => {
  server = await startHearingServer()
  here = await openInstallation({
    // Looked at every five seconds, by the limit; drilled by a worker that lacks the key.
    plans: (tree) => `
  sealed:
    overdueAfter: 50s
    encryption: { recipients: [${recipient}] }
    source: { kind: command, argv: [echo, hello] }
    drill: { every: 1h, runsOn: vault, identity: { file: ${tree}/../age.key } }
notify:
  ops: { kind: webhook, url: "${server.url}/ops" }
heartbeat: { url: "${server.url}/heart", every: 1s }
`,
  })
  for (const args of [['worker', '--name', 'vault'], ['scheduler']]) started.push(here.start(args))
  await started[0]?.waitForOutput(/serves backups.vault/)
})
after(async () => {
  for (const one of started) await one[Symbol.asyncDispose]()
  await here?.[Symbol.asyncDispose]()
  await server?.[Symbol.asyncDispose]()
})
leakGuard()

function told(...events: string[]): { event: string; plan: string; text: string }[] {
  const requests = server.heard.filter(({ path }) => path === '/ops')
  const documents = requests.map(({ body }) => JSON.parse(body))
  return documents.filter(({ event }) => events.includes(event))
}

async function noted(times: number): Promise<void> {
  const isNoted = () =>
    (started[1]?.stderr().match(/the drill of sealed failed/g)?.length ?? 0) >= times
  await waitFor(isNoted, { timeoutMs: 60_000, what: `drill ${times} to be noted` })
}

describe('a drill that cannot be done', () => {
  it('is told of once, however many follow, and so is that one could be done again', async () => {
    equal((await here.run(['run', 'sealed', '--wait'])).status, 0)
    equal((await here.run(['drill', 'sealed'])).status, 1)
    await noted(1)
    await waitFor(() => told('drill-failed').length > 0, {
      ...{ timeoutMs: 60_000, what: 'the alarm' },
    })
    match(told('drill-failed')[0]?.text ?? '', /a drill of sealed could not be done: .*age\.key/)
    equal((await here.run(['drill', 'sealed'])).status, 1)
    await noted(2)
    await started[1]?.waitForOutput(/heartbeat is not sent: sealed: a drill of sealed could not/)
    await writeFile(join(here.folder, 'age.key'), `${secret}\n`)
    equal((await here.run(['drill', 'sealed'])).status, 0)
    await waitFor(() => told('recovered').some(({ text }) => /drill-failed/.test(text)), {
      ...{ timeoutMs: 90_000, what: 'the recovery' },
    })
    deepEqual(
      told('drill-failed').map(({ plan }) => plan),
      ['sealed'],
    )
  })
})
