import { deepEqual, doesNotMatch, equal, match, ok } from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, describe, it, type TestContext } from 'node:test'
import { readManifest, readStanding } from '@backstream/backup'
import { leakGuard, waitFor } from '@backstream/testkit'
import axe from 'axe-core'
import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core'
import { findBrowser, openBrowser } from './board-fixture.ts'
import { openSampleBoard, type SampleBoard } from './board-sample.ts'

const executable = findBrowser()
if (!executable && process.env['CI'] === 'true') {
  throw new Error('no Chromium here, and CI=true: install one')
}
const needsBrowser = executable ? {} : { skip: 'no Chromium here: install one' }

let sample: SampleBoard
let browser: Browser
before(async () => {
  if (!executable) return
  sample = await openSampleBoard()
  browser = await openBrowser(executable)
})
after(async () => {
  await browser?.close()
  await sample?.[Symbol.asyncDispose]()
})
leakGuard()

async function openPage(
  t: TestContext,
  path: string,
  options: BrowserContextOptions = {},
): Promise<Page> {
  const viewport = { width: 1400, height: 900 }
  const context = await browser.newContext({ viewport, locale: 'en-US', ...options })
  t.after(() => context.close())
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text())
  })
  t.after(() => deepEqual(complaints, []))
  const answer = await page.goto(`${sample.board.url}${path}`)
  equal(answer?.status(), 200)
  return page
}

const looks: Readonly<Record<string, BrowserContextOptions>> = {
  light: { colorScheme: 'light' },
  dark: { colorScheme: 'dark' },
  phone: { viewport: { width: 400, height: 800 } },
}

describe('the board’s pages', needsBrowser, () => {
  for (const [look, options] of Object.entries(looks)) {
    it(`are readable by everybody, ${look}`, async (t) => {
      const { suspect, whole } = sample.backups
      for (const [name, path] of [
        ['overview', '/'],
        ['plan', '/plans/media'],
        ['plan-failed', '/plans/homes'],
        ['plan-unknown', '/plans/attic'],
        ['plan-running', '/plans/new-nas'],
        ['backup', `/plans/letters/backups/${whole}?path=2026`],
        ['backup-suspect', `/plans/invoices/backups/${suspect}`],
        ['accept', `/plans/invoices/backups/${suspect}/accept`],
        ['run', '/plans/media/run'],
        ['prune', '/plans/media/prune'],
      ] as const) {
        const page = await openPage(t, path, options)
        const folder = process.env['SCREENSHOTS']
        if (folder) await page.screenshot({ path: `${folder}/${name}-${look}.png`, fullPage: true })
        deepEqual(await violations(page), [], `${name}, ${look}`)
        const width = 'document.documentElement.scrollWidth - document.documentElement.clientWidth'
        equal(await page.evaluate(width), 0, `${name}, ${look}: nothing reaches out of the page`)
        await page.close()
      }
    })
  }

  it('open with the answer, and show every state in words', async (t) => {
    const page = await openPage(t, '/')
    equal(await page.locator('h1').textContent(), '4 of 10 plans need you. Worst: attic, unknown.')
    match(await page.title(), /^\(4\) /)
    const states = await page.locator('table.plans .state').allInnerTexts()
    deepEqual(states.slice(0, 5), ['unknown', 'failed', 'overdue', 'suspect', 'running'])
    const row = (name: string) => page.locator('table.plans tr').filter({ hasText: name })
    match(await shown(row('homes')), /permission denied \(EACCES\)/)
    match(await shown(row('attic')), /s3:\/\/attic does not answer/)
    match(await shown(row('mail')), /4d \d+h old, limit 1d 2h/)
    match(await shown(page.locator('main')), /former-plan\s+main\s+3/)
    match(await shown(page.locator('[role=alert]')), /backups\.db is paused/)
  })

  it('say of a bucket that does not answer that it is not known, never that it is empty', async (t) => {
    const page = await openPage(t, '/plans/attic')
    const told = await shown(page.locator('main'))
    match(told, /s3:\/\/attic does not answer: connect ETIMEDOUT\. As of/)
    equal(told.match(/not known/g)?.length, 4)
    doesNotMatch(told, /never|0 backups/)
  })

  it('lead without a script from the overview to the command that restores', async (t) => {
    const page = await openPage(t, '/', { javaScriptEnabled: false })
    await page.getByRole('link', { name: 'letters' }).click()
    equal(await shown(page.locator('h1')), 'letters good')
    await page.locator('table.backups th a').first().click()
    await page.getByRole('link', { name: '2026/' }).click()
    await page.getByLabel('Restore to bob [draft].txt').check()
    await page.getByRole('button', { name: 'Command for what is ticked' }).click()
    equal(
      await shown(page.locator('#command')),
      `backstream restore letters/${sample.backups.whole} --to DIR --path '2026/to bob [[]draft].txt'`,
    )
    // What is ticked in one folder stays ticked in the others.
    await page.getByRole('link', { name: 'root' }).click()
    await page.getByRole('link', { name: '2025/' }).click()
    await page.getByLabel(/^Restore to do/).check()
    await page.getByRole('button', { name: 'Command for what is ticked' }).click()
    const command = await shown(page.locator('#command'))
    match(command, /\[\[\]draft\]\.txt' --path '2025\/to do & don'\\''t\.txt'$/)
  })

  it('give one small file of a backup to an operator', async (t) => {
    const page = await openPage(t, `/plans/letters/backups/${sample.backups.whole}`)
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'download' }).first().click(),
    ])
    equal(download.suggestedFilename(), 'README.md')
    equal(await readFile(await download.path(), 'utf8'), '# Letters\n')
    ok(
      sample.log.lines.some(({ message }) => /local downloads README\.md of letters/.test(message)),
    )
  })

  it('say what a run will do, start it, and show how it ends, without a script', async (t) => {
    const page = await openPage(t, '/plans/media', { javaScriptEnabled: false })
    await page.getByRole('link', { name: 'Run now…' }).click()
    match(await shown(page.locator('main')), /by hand\. Its schedule stays as it is/)
    await page.getByRole('button', { name: 'Run now' }).click()
    match(await shown(page.locator('[role=status]').first()), /A run of media is in the queue/)
    await waitFor(
      async () => {
        await page.goto(`${sample.board.url}/plans/media`)
        return (await shown(page.locator('table.runs .state').first())) === 'backup'
      },
      { what: 'the run to be shown as ended' },
    )
    ok(sample.log.lines.some(({ message }) => /^local: run media: /.test(message)))
  })

  it('watch a run to its end without being loaded again', async (t) => {
    const page = await openPage(t, '/plans/new-nas')
    equal(await shown(page.locator('table.runs .state').first()), 'running')
    await page.evaluate('globalThis.isSamePage = true')
    await page.locator('#live').filter({ hasText: 'Live.' }).waitFor({ state: 'attached' })
    sample.release('new-nas')
    await page.locator('table.runs .state').filter({ hasText: 'backup' }).waitFor()
    equal(await page.evaluate('globalThis.isSamePage'), true)
  })

  it('lead all the way: a plan, a backup, its command; then a run, watched to its end', async (t) => {
    const page = await openPage(t, '/')
    await page.getByRole('link', { name: 'letters' }).click()
    await page.locator('table.backups th a').first().click()
    equal(
      await shown(page.locator('#command')),
      `backstream restore letters/${sample.backups.whole} --to DIR`,
    )
    await page.getByRole('link', { name: 'letters', exact: true }).click()
    await page.getByRole('link', { name: 'Run now…' }).click()
    await page.getByRole('button', { name: 'Run now' }).click()
    await page.locator('table.runs .state').filter({ hasText: 'running' }).waitFor()
    await page.evaluate('globalThis.isSamePage = true')
    await page.locator('#live').filter({ hasText: 'Live.' }).waitFor({ state: 'attached' })
    sample.release('letters')
    await page.locator('table.runs .state').filter({ hasText: 'backup' }).waitFor()
    equal(await page.evaluate('globalThis.isSamePage'), true)
  })

  it('accept a suspect backup, once it was said what that means', async (t) => {
    const { suspect } = sample.backups
    const page = await openPage(t, `/plans/invoices/backups/${suspect}`)
    match(await shown(page.locator('.alert')), /shrink: expected at least 1\.4 GiB/)
    await page.getByRole('link', { name: 'Accept…' }).click()
    await page.getByRole('button', { name: 'Accept it' }).click()
    match(await shown(page.locator('[role=status]').first()), /counts as good now/)
    const manifest = await readManifest(sample.storage, { plan: 'invoices', backup: suspect })
    ok(manifest && (await readStanding(sample.storage, manifest)).isGood)
    await page.goto(`${sample.board.url}/`)
    const row = page.locator('table.plans tr').filter({ hasText: 'invoices' })
    equal(await shown(row.locator('.state')), 'good')
    ok(sample.log.lines.some(({ message }) => message.startsWith('local: accept invoices/')))
  })

  it('confirm a held pruning, once the verdicts were seen', async (t) => {
    const page = await openPage(t, '/')
    const row = page.locator('section[aria-labelledby=held] tr').filter({ hasText: 'media' })
    await row.getByRole('link', { name: 'Look and confirm…' }).click()
    match(await shown(page.locator('main')), /more than the \d+ that may go by themselves/)
    const before = await slotsOf('media')
    await page.getByRole('button', { name: /^Remove \d+ of 90 backups$/ }).click()
    match(await shown(page.locator('[role=status]').first()), /\d+ backups of media removed/)
    const left = await slotsOf('media')
    ok(left.length < 40 && left.length >= 3, `${left.length} of ${before.length} are left`)
    equal(left.at(-1), before.at(-1))
    await page.goto(`${sample.board.url}/`)
    equal(await row.count(), 0)
    ok(sample.log.lines.some(({ message }) => message.startsWith('local: prune media: ')))
  })

  it('have a worker verify the newest good backup', async (t) => {
    const page = await openPage(t, '/plans/media')
    await page.getByRole('link', { name: 'Verify…' }).click()
    await page.getByRole('button', { name: 'Verify the newest good backup' }).click()
    match(
      await shown(page.locator('[role=status]').first()),
      /The verification of \S+ is in the queue/,
    )
    const jobName = 'backup.verify'
    equal((await sample.producer.findRuns({ plan: 'media', jobName, limit: 5 })).length, 1)
  })

  it('try a failed run again', async (t) => {
    const page = await openPage(t, '/plans/homes')
    await page.getByRole('link', { name: 'Retry…' }).click()
    match(await shown(page.locator('main')), /Last time it failed: .*permission denied/)
    await page.getByRole('button', { name: 'Try again' }).click()
    match(await shown(page.locator('[role=status]').first()), /in line again/)
  })
})

async function slotsOf(plan: string): Promise<string[]> {
  const slots: string[] = []
  for await (const item of sample.storage.listLevel(`${plan}/`)) {
    if (item.kind === 'object') slots.push(item.key)
  }
  return slots
}

async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source)
  const found = await page.evaluate('axe.run()')
  const { violations: all } = found as { violations: { id: string; nodes: { html: string }[] }[] }
  return all.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)
}

/** What somebody reads there, once it is there. */
async function shown(locator: Locator): Promise<string> {
  await locator.first().waitFor()
  return (await locator.allInnerTexts()).join(' ')
}
