import { equal, match, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { QueueCounts, RunSummary } from '@backstream/queue'
import { createSay } from '../page/say.ts'
import type { Overview, PlanOverviewRow } from './read-overview.ts'
import { renderOverview } from './render-overview.ts'

const hour = 3_600_000
const asOfMs = Date.UTC(2026, 10, 23, 6)

function row(facts: Partial<PlanOverviewRow>): PlanOverviewRow {
  return {
    plan: 'media',
    state: 'good',
    words: 'good',
    newestGood: {
      backup: '20261123T031500Z-000042',
      finishedAtMs: asOfMs - 2 * hour,
      ageMs: 2 * hour,
      bytes: 3 * 1024 ** 3,
      storedBytes: 1024 ** 3,
      changeBytes: null,
    },
    overdueAfterMs: 26 * hour,
    isOverdue: false,
    lastRun: { outcome: 'committed', atMs: asOfMs - 2 * hour, cause: null },
    nextRunMs: asOfMs + 21 * hour,
    days: [],
    unreadable: 0,
    backups: 7,
    suspects: 0,
    storedBytes: 7 * 1024 ** 3,
    proved: null,
    openedAtMs: null,
    drill: null,
    heldPrune: null,
    isScheduled: true,
    ...facts,
  }
}

function queue(facts: Partial<QueueCounts> = {}): QueueCounts {
  const counts = { waiting: 0, active: 0, delayed: 0, completed: 0, failed: 0 }
  return { queue: 'backups', isPaused: false, workers: 1, ...counts, ...facts }
}

function render(overview: Partial<Overview>): string {
  return renderOverview(
    {
      ...{ plans: [row({})], going: [], unknownPlans: [], queues: [queue()] },
      ...{ nowMs: asOfMs, asOfMs },
      ...overview,
    },
    {
      ...{ installation: 'home', basePath: '/board', version: '0.1.0' },
      ...{ user: null, canAct: true, token: 'secret', say: createSay('Europe/Berlin') },
    },
  )
}

/** What is read, without markup. */
function textOf(page: string): string {
  return page.replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' ')
}

describe('renderOverview', () => {
  it('opens with one sentence when all is well', () => {
    match(render({}), /<h1 class="good">The one plan is well\.<\/h1>/)
  })

  it('opens with how many plans need someone, and which is worst', () => {
    const shop = row({ plan: 'shop', state: 'overdue' })
    const page = render({ plans: [row({ plan: 'etc', state: 'failed' }), shop, row({})] })
    match(page, /<h1 class="bad">2 of 3 plans need you\. Worst: etc, failed\.<\/h1>/)
    match(page, /<title>\(2\) Overview/)
  })

  it('shows the newest good backup beside its limit, in local time with its zone', () => {
    const text = textOf(render({}))
    match(text, /2h old , limit 1d 2h/)
    match(text, /23 Nov, 05:00 CET/)
    match(text, /3 GiB the first 7 kept, 7 GiB/)
  })

  it('says why a run failed', () => {
    const lastRun = { outcome: 'failed', atMs: asOfMs, cause: 'pg_dump: exit status 1' } as const
    match(textOf(render({ plans: [row({ state: 'failed', lastRun })] })), /pg_dump: exit status 1/)
  })

  it('never shows a figure for a bucket it could not read', () => {
    const unknown = row({ state: 'unknown', words: 'connection refused', newestGood: null })
    const text = textOf(render({ plans: [unknown] }))
    match(text, /not known connection refused/)
    ok(!text.includes('old, limit'))
  })

  it('is red about a paused queue', () => {
    const page = render({ queues: [queue({ isPaused: true })] })
    match(page, /class="alert bad" role="alert">Queue <b>backups<\/b> is paused/)
    match(page, /class="state bad">paused</)
  })

  it('says which queue waits for a worker, and that Redis did not answer', () => {
    const waiting = queue({ workers: 0, waiting: 2 })
    match(textOf(render({ queues: [waiting] })), /backups has no worker: 2 runs wait/)
    match(textOf(render({ queues: null })), /Redis did not answer: nothing is known/)
  })

  it('escapes whatever it is given', () => {
    const evil = `"'><script>alert(1)</script>&amp;`
    const page = render({
      plans: [
        row({
          plan: evil,
          state: 'failed',
          lastRun: { outcome: 'failed', atMs: asOfMs, cause: evil },
        }),
      ],
    })
    equal(page.includes('<script>'), false)
    equal(page.includes(evil), false)
    match(page, /&quot;&#39;&gt;&lt;script&gt;alert\(1\)&lt;\/script&gt;&amp;amp;/)
  })

  it('tells a schedule that nobody has armed from none', () => {
    const nextOf = (isScheduled: boolean) =>
      textOf(render({ plans: [row({ isScheduled, nextRunMs: null })] }))
    match(nextOf(true), /not armed: is a scheduler running\?/)
    match(nextOf(false), /by hand only/)
  })

  it('puts the number of plans that need somebody into title and icon', () => {
    const page = render({ plans: [row({ state: 'failed' }), row({ plan: 'b', state: 'never' })] })
    match(page, /<title>\(2\) /)
    match(page, /rel="icon"[^>]*href="\/board\/icon\/bad-2\.svg"/)
    match(render({}), /rel="icon"[^>]*href="\/board\/assets\/icon\.svg"/)
  })

  it('tells what the last thirty days were, in words as well as in bars', () => {
    const day = { date: '2026-11-22', backups: 1, failures: 0 }
    const days = [
      { ...day, mark: 'good' },
      { ...day, mark: 'failed' },
    ] as const
    const page = render({ plans: [row({ days })] })
    match(page, /aria-label="Of the last 2 days: 1 with a good backup, 1 with failed runs only"/)
  })

  it('tells when a backup was proved, how, and how long that took', () => {
    const proved = {
      ...{ backup: 'x', atMs: asOfMs - 2 * hour, tookMs: 90_000, isRefuted: false },
      how: 'drill',
    } as const
    match(textOf(render({ plans: [row({ proved })] })), /restored in a drill 2h ago , in 1m 30s/)
    match(textOf(render({})), /never/)
    const read = { ...proved, how: 'stored' } as const
    const drill = {
      ...{ backup: 'x', atMs: asOfMs - 72 * hour, restoreMs: 45_000 },
      ...{ isPassed: true, isRestored: true, failed: [] },
    }
    match(textOf(render({ plans: [row({ proved: read, drill })] })), /last drill: restored in 45s/)
  })

  it('shows what is under way: how far, how fast, how long yet, and what it waits for', () => {
    const going = {
      ref: { queue: 'backups', jobId: '7', plan: 'media' },
      state: 'active',
      startedAtMs: asOfMs - 60_000,
      progress: {
        ...{ phase: 'streaming', bytesRead: 1024 ** 3, bytesStored: 1024, entries: 2 },
        ...{ bytesTotal: 2 * 1024 ** 3, percent: 50, bytesPerSecond: 2 * 1024 ** 2 },
        etaSeconds: 90,
      },
    } as RunSummary
    const text = textOf(render({ going: [going] }))
    match(text, /1 under way, 0 in line/)
    match(text, /50 % 1 GiB of 2 GiB read, 1 KiB stored 2 MiB\/s 1m 30s its source/)
    const gone = { ...going, ref: { ...going.ref, plan: 'gone' } }
    const page = render({ going: [gone] })
    ok(!page.includes('/plans/gone'), 'no link to a plan that has no page')
  })

  it('names plans that have backups and are not configured', () => {
    const gone = { plan: 'gone', storage: 'main', backups: 7, newestFinishedAtMs: asOfMs }
    const text = textOf(render({ unknownPlans: [gone] }))
    match(text, /Unknown to the configuration .* gone main 7 /)
    ok(!textOf(render({})).includes('Unknown to the configuration'))
  })

  it('says what to write when there is no plan yet', () => {
    const text = textOf(render({ plans: [] }))
    match(text, /No plan is configured yet\./)
    match(text, /plans: media: storage: main schedule: .* source: /)
    ok(!render({ plans: [], queues: [] }).includes('Queues'))
  })

  it('is alarmed when the configuration has lost all its plans', () => {
    const gone = { plan: 'gone', storage: 'main', backups: 7, newestFinishedAtMs: asOfMs }
    const page = render({ plans: [], unknownPlans: [gone] })
    match(page, /<h1 class="bad">No plan is configured, and one has backups: nothing is made\.</)
    ok(!page.includes('Write the first one'))
  })

  it('is not well while nothing new can start', () => {
    match(
      render({ queues: [queue({ isPaused: true })] }),
      /<h1 class="bad">The one plan is well, but/,
    )
    match(render({ queues: null }), /<h1 class="bad">The one plan is well, but Redis/)
  })

  it('links below its base path only', () => {
    const links = [...render({}).matchAll(/(?:href|src)="([^"]*)"/g)].map(([, link]) => link ?? '')
    ok(links.length > 5)
    for (const link of links) ok(link.startsWith('/board/') || link.startsWith('#'), link)
    ok(links.includes('/board/plans/media'))
    ok(links.includes('/board/queues/queue/backups'))
  })
})
