import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it, type TestContext } from 'node:test'
import { listSchedules, queueMetrics } from '@backstream/queue'
import { leakGuard, waitFor } from '@backstream/testkit'
import type { Browser, Page } from 'playwright-core'
import {
  type BoardFixture,
  findBrowser,
  openBoard,
  openBrowser,
  passwords,
} from './board-fixture.ts'

const executable = findBrowser()
if (!executable && process.env['CI'] === 'true') {
  throw new Error('no Chromium here, and CI=true: install one')
}
const needsBrowser = executable ? {} : { skip: 'no Chromium here: install one' }

let fixture: BoardFixture
let guarded: BoardFixture
let browser: Browser
before(async () => {
  if (!executable) return
  const users =
    'ann: { role: operator, password: { env: ANN } }, vic: { role: viewer, password: { env: VIC } }'
  fixture = await openBoard()
  guarded = await openBoard(
    `board: { listen: "127.0.0.1:0", basePath: /backups, users: { ${users} } }`,
  )
  browser = await openBrowser(executable)
})
after(async () => {
  await browser?.close()
  await guarded?.[Symbol.asyncDispose]()
  await fixture?.[Symbol.asyncDispose]()
})
leakGuard()

/** A page of its own for a test; a picture of it is kept in $SCREENSHOTS, to be looked at. */
async function openPage(
  t: TestContext,
  path: string,
  { board, user }: { readonly board?: BoardFixture; readonly user?: 'ann' | 'vic' } = {},
): Promise<Page> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 900 },
    locale: 'en-US',
  })
  const page = await context.newPage()
  t.after(async () => {
    const folder = process.env['SCREENSHOTS']
    const name = t.name.replace(/\W+/g, '-').slice(0, 60)
    if (folder) await page.screenshot({ path: `${folder}/${name}.png` })
    await context.close()
  })
  await page.goto(`${(board ?? fixture).board.url}${path}`)
  if (user) {
    await page.getByLabel('Name').fill(user)
    await page.getByLabel('Password').fill(user === 'ann' ? passwords.ANN : passwords.VIC)
    await page.getByRole('button', { name: 'Log in' }).click()
  }
  return page
}

/** Bull Board's buttons for one job bear pictures only: this is the one of its Retry. */
function retryButton(page: Page, jobId: string) {
  const button = page.locator('button:has(svg.lucide-refresh-cw)')
  return page
    .locator('div')
    .filter({ hasText: jobId })
    .filter({ has: button })
    .last()
    .locator(button)
}

describe('the board in a browser', needsBrowser, () => {
  it('shows every plan on the overview, with no script but its own', async (t) => {
    const page = await openPage(t, '/')
    // The plan that is due every second may just be running, and then needs nobody.
    match(String(await page.locator('h1').textContent()), /^[34] of 4 plans need you\./)
    deepEqual((await page.locator('table.plans th[scope=row]').allInnerTexts()).sort(), [
      'clock',
      'far',
      'media',
      'shop',
    ])
    const scripts = await page
      .locator('script')
      .evaluateAll((all) => all.map((script) => script.getAttribute('src')))
    deepEqual(scripts, ['/assets/board.js'])
    // The style came through the policy that allows no script.
    await page.locator('table.plans').waitFor()
    equal(await page.locator('main').evaluate((main) => main.ownerDocument.styleSheets.length), 4)
  })

  it('opens Bull Board with every queue, and asks nobody else for anything', async (t) => {
    const page = await openPage(t, '/')
    const elsewhere: string[] = []
    page.on('response', (response) => {
      if (!response.url().startsWith(fixture.board.url)) elsewhere.push(response.url())
    })
    await page.getByRole('link', { name: 'Runs' }).click()
    for (const queue of ['backups', 'backups.clock', 'backups.nas', 'maintenance']) {
      await page.getByRole('link', { name: queue, exact: true }).first().waitFor()
    }
    equal(await page.title(), `Backstream · ${fixture.config.name}`)
    deepEqual(elsewhere, [])
  })

  it('runs a plan now from its schedule', async (t) => {
    const page = await openPage(t, '/queues/job-schedulers')
    const row = page.getByRole('row').filter({ hasText: 'media' })
    match(String(await row.textContent()), /cron 15 3 29 2 \* UTC/)
    const before = await listSchedules(fixture.connection)
    await row.getByRole('button', { name: 'Run now' }).click()
    await page.getByRole('button', { name: 'Confirm' }).click()
    const run = await waitFor(async () => (await runsByHand('media'))[0], { what: 'the run' })
    equal((await fixture.ended(run.ref.jobId)).state, 'completed')
    const next = (plans: typeof before) => plans.find(({ plan }) => plan === 'media')?.nextMs
    equal(next(await listSchedules(fixture.connection)), next(before))
  })

  it('adds a job by the form, made from the payload’s schema', async (t) => {
    const had = (await runsByHand('media')).length
    const page = await openPage(t, '/queues/queue/backups')
    await openAddJob(page)
    const data = page.locator('[name=jobData]')
    await waitFor(async () => (await data.inputValue()).includes('media'), { what: 'the form' })
    deepEqual(JSON.parse(await data.inputValue()), {
      v: 1,
      plan: 'media',
      trigger: 'manual',
      pin: false,
    })
    await page.getByRole('button', { name: 'Add', exact: true }).click()
    const runs = await waitFor(
      async () => {
        const found = await runsByHand('media')
        return found.length > had && found
      },
      { what: 'the run that was added' },
    )
    const id = runs[0]?.ref.jobId ?? ''
    equal((await fixture.ended(id)).state, 'completed')
    await page.getByText(id).waitFor()
    await page.getByText('media · manual').first().waitFor()
  })

  it('says why it refuses what was typed', async (t) => {
    const page = await openPage(t, '/queues/queue/backups')
    await openAddJob(page)
    const editor = page.locator('#add-job-form .cm-content').first()
    await editor.fill('{ "v": 1, "plan": "nowhere", "trigger": "manual" }')
    await page.getByRole('button', { name: 'Add', exact: true }).click()
    await page.getByText('There is no plan named nowhere').waitFor()
  })

  it('retries a failed run, with all its attempts', async (t) => {
    fixture.failing.add('shop')
    const plan = fixture.plan('shop')
    const ref = await fixture.producer.enqueueRun({ plan, trigger: 'manual' })
    equal((await fixture.ended(ref.jobId)).state, 'failed')
    const attempts = () => fixture.attempts.filter(({ run }) => run === ref.jobId).length
    equal(attempts(), 2)
    const page = await openPage(t, '/queues/queue/backups?status=failed')
    await page.getByText('the shop is closed').first().waitFor()
    await retryButton(page, ref.jobId).click()
    await page.getByRole('button', { name: 'Confirm' }).click()
    await waitFor(() => attempts() === 4, { what: 'two more attempts' })

    await fixture.ended(ref.jobId)
    fixture.failing.delete('shop')
    await page.reload()
    await retryButton(page, ref.jobId).click()
    await page.getByRole('button', { name: 'Confirm' }).click()
    await waitFor(async () => (await fixture.ended(ref.jobId)).state === 'completed', {
      what: 'the run to complete',
    })
    equal(attempts(), 5)
  })

  it('refuses to remove a schedule, and says so', async (t) => {
    const page = await openPage(t, '/queues/job-schedulers')
    const row = page.getByRole('row').filter({ hasText: 'media' })
    await row.getByRole('button', { name: 'Remove scheduler' }).click()
    await page.getByRole('button', { name: 'Confirm' }).click()
    await page.getByText('Backstream does not let the board do that').waitFor()
    ok((await listSchedules(fixture.connection)).some(({ plan }) => plan === 'media'))
  })

  it('offers a viewer nothing that changes anything, below its base path', async (t) => {
    const ann = await openPage(t, '/queues/job-schedulers', { board: guarded, user: 'ann' })
    await ann.getByRole('button', { name: 'Run now' }).first().waitFor()
    const vic = await openPage(t, '/queues/job-schedulers', { board: guarded, user: 'vic' })
    await vic.getByRole('row').filter({ hasText: 'media' }).waitFor()
    equal(await vic.getByRole('button', { name: 'Run now' }).count(), 0)
    equal(await vic.getByRole('button', { name: 'Remove scheduler' }).count(), 0)
  })

  it('asks who it is, and leads on to where somebody wanted to go', async (t) => {
    const page = await openPage(t, '/plans/media', { board: guarded })
    equal(await page.locator('h1').textContent(), 'Log in')
    await page.getByLabel('Name').fill('ann')
    await page.getByLabel('Password').fill('wrong')
    await page.getByRole('button', { name: 'Log in' }).click()
    await page.getByText('do not go together').waitFor()
    await page.getByLabel('Name').fill('ann')
    await page.getByLabel('Password').fill(passwords.ANN)
    await page.getByRole('button', { name: 'Log in' }).click()
    match(String(await page.locator('h1').textContent()), /^media/)
    await page.getByRole('button', { name: 'Log out' }).click()
    equal(await page.locator('h1').textContent(), 'Log in')
  })

  it('shows a viewer all and offers nothing, and takes nothing either', async (t) => {
    const page = await openPage(t, '/plans/media', { board: guarded, user: 'vic' })
    match(String(await page.locator('nav').textContent()), /vic, viewer/)
    equal(await page.getByRole('link', { name: 'Run now…' }).count(), 0)
    const had = (await guarded.producer.findRuns({ plan: 'media', limit: 10 })).length
    const cookies = await page.context().cookies()
    const token = cookies.find(({ name }) => name === 'XSRF-TOKEN')?.value ?? ''
    const status = await page.evaluate(async (word) => {
      const headers = { 'x-xsrf-token': word }
      return (await fetch('/backups/plans/media/run', { method: 'POST', headers })).status
    }, token)
    equal(status, 403)
    equal((await guarded.producer.findRuns({ plan: 'media', limit: 10 })).length, had)
  })

  it('cannot be changed by a page that another server of this machine serves', async (t) => {
    const other = createServer((_request, response) => {
      response.setHeader('content-type', 'text/html').end('<!doctype html>')
    })
    await once(other.listen(0, '127.0.0.1'), 'listening')
    t.after(async () => {
      other.closeAllConnections()
      await new Promise((resolve) => other.close(resolve))
    })
    const page = await openPage(t, '/')
    await page.goto(`http://127.0.0.1:${(other.address() as AddressInfo).port}/`)
    const had = (await runsByHand('media')).length
    await page.evaluate(async (api) => {
      const blind = { method: 'POST', mode: 'no-cors' } as const
      const run = '{"data":{"v":1,"plan":"media","trigger":"manual"}}'
      await Promise.allSettled([
        fetch(`${api}/queues/pause`, { method: 'PUT' }),
        fetch(`${api}/queues/pause`, { ...blind, body: '{}' }),
        fetch(`${api}/queues/backups/add`, { ...blind, body: run }),
      ])
    }, `${fixture.board.url}/queues/api`)
    // Not even the answers reach such a page, so the board itself must tell.
    const refusals = () => fixture.log.lines.filter(({ message }) => /another site/.test(message))
    await waitFor(() => refusals().length >= 3, { what: 'the refusals' })
    for (const { queue, isPaused } of (await queueMetrics(fixture.connection)).queues) {
      equal(isPaused, false, queue)
    }
    equal((await runsByHand('media')).length, had)
  })
})

async function runsByHand(plan: string) {
  const runs = await fixture.producer.findRuns({ plan, limit: 100 })
  return runs.filter(({ trigger }) => trigger === 'manual')
}

async function openAddJob(page: Page): Promise<void> {
  // The first is that of the page, which is there before the queue is.
  await page.locator('button[aria-haspopup=menu]').nth(1).click()
  await page.getByText('Add job', { exact: true }).click()
}
