import { equal, match, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { QueueCounts } from '@backstream/queue'
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
    lastRun: { outcome: 'committed', atMs: asOfMs - 2 * hour, cause: null },
    isScheduled: true,
    nextRunMs: asOfMs + 21 * hour,
    backups: 7,
    suspects: 0,
    storedBytes: 7 * 1024 ** 3,
    proved: null,
    openedAtMs: null,
    drill: null,
    heldPrune: null,
    ...facts,
  }
}

function queue(facts: Partial<QueueCounts> = {}): QueueCounts {
  const counts = { waiting: 0, active: 0, delayed: 0, completed: 0, failed: 0 }
  return { queue: 'backups', isPaused: false, workers: 1, ...counts, ...facts }
}

function render(overview: Partial<Overview>): string {
  return renderOverview(
    { plans: [row({})], unknownPlans: [], queues: [queue()], bullmq: '', asOfMs, ...overview },
    {
      installation: 'home',
      basePath: '/board',
      timeZone: 'Europe/Berlin',
      version: '0.1.0',
      queueOfPlan: new Map([['media', 'backups.nas']]),
    },
  )
}

/** What is read, without markup. */
function textOf(page: string): string {
  return page.replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' ')
}

describe('renderOverview', () => {
  it('opens with one sentence when all is well', () => {
    match(render({}), /<h1 class="well">The one plan is well\.<\/h1>/)
  })

  it('opens with how many plans need someone, and which is worst', () => {
    const shop = row({ plan: 'shop', state: 'overdue' })
    const page = render({ plans: [row({ plan: 'etc', state: 'failed' }), shop, row({})] })
    match(page, /<h1 class="bad">2 of 3 plans need you\. Worst: etc, failed\.<\/h1>/)
    match(page, /<title>\(2\) Backstream/)
  })

  it('shows the newest good backup beside its limit, in local time with its zone', () => {
    const text = textOf(render({}))
    match(text, /2h old, limit 1d 2h/)
    match(text, /23 Nov 2026, 05:00 CET/)
    match(text, /3 GiB, stored as 1 GiB/)
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

  it('shows plans that have backups and are in no configuration', () => {
    const gone = { plan: 'gone', storage: 'main', backups: 7, newestFinishedAtMs: asOfMs }
    const text = textOf(render({ unknownPlans: [gone] }))
    match(text, /Unknown to the configuration .* gone main 7 /)
    ok(!textOf(render({})).includes('Unknown to the configuration'))
  })

  it('is red about a paused queue', () => {
    const page = render({ queues: [queue({ isPaused: true })] })
    match(page, /class="alert bad">Queue <b>backups<\/b> is paused/)
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
    equal(page.includes('<script'), false)
    equal(page.includes(evil), false)
    match(page, /&quot;&#39;&gt;&lt;script&gt;alert\(1\)&lt;\/script&gt;&amp;amp;/)
  })

  it('tells a schedule that nobody has armed from none', () => {
    const nextOf = (isScheduled: boolean) =>
      textOf(render({ plans: [row({ isScheduled, nextRunMs: null })] }))
    match(nextOf(true), /not armed: is a scheduler running\?/)
    match(nextOf(false), /by hand only/)
  })

  it('links below its base path only', () => {
    const links = [...render({}).matchAll(/(?:href|src)="([^"]*)"/g)].map(([, link]) => link ?? '')
    ok(links.length > 5)
    for (const link of links) ok(link.startsWith('/board/'), link)
    ok(links.includes('/board/queues/queue/backups.nas'))
  })
})
