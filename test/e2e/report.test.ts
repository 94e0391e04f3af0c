import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { leakGuard, type StartedProcess } from '@backstream/testkit'
import { type MainJob, openMainJob } from './main-job-fixture.ts'

let here: MainJob
let worker: StartedProcess
before(async () => {
  here = await openMainJob(
    (tree) => `
  home:
    schedule: { every: 1d }
    source: { kind: directory, path: ${tree} }
  odd: { source: { kind: command, argv: [sh, -c, "exit 3"] } }
`,
  )
  worker = await here.startWorker()
  for (let count = 0; count < 4; count++) await here.run(['run', 'home', '--wait'])
  await here.run(['run', 'odd', '--wait'])
})
after(async () => {
  await worker?.[Symbol.asyncDispose]()
  await here?.[Symbol.asyncDispose]()
})
leakGuard()

/** Everything of one backup, as whoever may delete in the bucket could. */
async function take(backup: string): Promise<void> {
  const keys = (await here.bucket.keys()).filter((key) => key.startsWith(`home/${backup}`))
  for (const key of keys) await here.bucket.remove(key)
}

describe('report', () => {
  it('tells runs, backups and days of every plan, as text, JSON and one page', async () => {
    const page = join(here.folder, 'report.html')
    const { status, stdout } = await here.run(['report', '--since', '30d', '--html', page])
    equal(status, 0)
    match(stdout, /^PLAN +RUNS +BACKUPS/m)
    match(stdout, /^home +4 good, 0 failed, 4 attempts +4 /m)
    match(stdout, /^odd +0 good, 1 failed/m)
    const { format, plans, since } = await here.json(['report', '--since', '30d'])
    equal(format, 'backstream.report/1')
    match(since, /^\d{4}-\d\d-\d\dT/)
    const [home] = plans
    deepEqual([home.backups.good, home.runs.committed, home.findings], [4, 4, []])
    equal(home.days.at(-1).state, 'green')
    const html = await readFile(page, 'utf8')
    match(html, /No backup is missing/)
    match(html, /<li class="green"[^>]*title="\d{4}-\d\d-\d\d: a good backup/)
    ok(!/<script|<link|<img|https?:\/\/|url\(|@import/i.test(html), 'it needs something else')
  })

  it('finds and names backups that were silently removed, the newest one too', async () => {
    const ids = (await here.bucket.manifests('home')).map(({ backup }) => backup)
    await take(ids[1])
    await take(ids[3])
    const { status, stdout } = await here.run(['report', '--since', '2d'])
    equal(status, 1)
    match(stdout, new RegExp(`missing  home/${ids[1]}: ${ids[2]} followed it`))
    match(stdout, new RegExp(`missing  home/${ids[3]}: a run made it`))
    const { plans } = await here.json(['report', '--since', '2d'])
    deepEqual(
      plans[0].findings.map(({ backup }: { backup: string }) => backup),
      [ids[1], ids[3]],
    )
  })

  it('wants to know since when', async () => {
    equal((await here.run(['report'])).status, 2)
    equal((await here.run(['report', '--since', 'yesterday'])).status, 2)
  })
})
