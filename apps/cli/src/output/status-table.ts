import type { PlanState, PlanStatus } from '@backstream/backup'
import { describeDuration, formatBytes } from '@backstream/config'
import type { RunProgress } from '@backstream/jobs'
import type { Session } from '../command-context.ts'
import { formatLocalTime } from './local-time.ts'
import type { Paint } from './paint.ts'
import { proofInWords } from './proof-text.ts'
import { describeProgress } from './run-text.ts'
import { type Cell, renderTable } from './table.ts'
import { putWordsBelow } from './words-below.ts'

export interface QueueFacts {
  readonly isQueueKnown: boolean
  /** By plan, of the runs that are under way. */
  readonly progress: ReadonlyMap<string, RunProgress>
}

interface Row extends QueueFacts {
  readonly nowMs: number
  readonly paint: Paint
  readonly timeOf: (ms: number) => string
}

const headings = ['PLAN', 'STATE', 'NEWEST GOOD', 'SIZE', 'LAST RUN', 'NEXT RUN', 'PROVED', '']

/** In a terminal times are told as people say them, and words stand below; a script gets one line a plan. */
export function renderStatus(
  { stdout, clock, paint }: Pick<Session, 'stdout' | 'clock' | 'paint'>,
  plans: readonly PlanStatus[],
  facts: QueueFacts,
): string {
  const { isTTY, columns } = stdout
  const nowMs = clock.now()
  const timeOf = (ms: number) => (isTTY ? relative(ms, nowMs) : formatLocalTime(ms))
  const words = plans.map((plan) => wordsOf(plan, facts.progress))
  const rows = plans.map((plan, at) => [
    ...cellsOf(plan, { ...facts, nowMs, paint, timeOf }),
    isTTY ? '' : (words[at] ?? ''),
  ])
  const rendered = renderTable(
    headings.map((heading) => ({ heading })),
    rows,
  )
  if (!isTTY) return rendered
  return putWordsBelow(rendered, words, { columns: columns || 80, paint: paint.dim })
}

function cellsOf(plan: PlanStatus, row: Row): readonly (string | Cell)[] {
  const { newestGood, lastRun, state } = plan
  const { isQueueKnown, nowMs, timeOf } = row
  // Of a bucket that does not answer: nobody knows what is in it.
  const isDark = state === 'unknown' && newestGood === null
  const paint = paintOf(state, row.paint)
  return [
    plan.plan,
    { text: state, ...(paint ? { paint } : {}) },
    isDark ? 'not known' : newestInWords(plan),
    newestGood ? formatBytes(newestGood.bytes) : '',
    lastRun ? `${lastRun.outcome} ${timeOf(lastRun.atMs)}` : '',
    isQueueKnown ? nextRunInWords(plan, timeOf) : 'not known',
    isDark ? 'not known' : proofInWords(plan, nowMs),
  ]
}

function paintOf(state: PlanState, { good, bad, warn, dim }: Paint): Cell['paint'] {
  const paints: Readonly<Record<PlanState, Cell['paint']>> = {
    unknown: bad,
    failed: bad,
    overdue: bad,
    suspect: warn,
    never: warn,
    running: good,
    good,
    disabled: dim,
  }
  return paints[state]
}

function newestInWords({ newestGood, overdueAfterMs }: PlanStatus): string {
  if (!newestGood) return 'none'
  const limit = overdueAfterMs === null ? '' : ` of ${describeDuration(overdueAfterMs)}`
  return `${describeDuration(newestGood.ageMs)}${limit}`
}

/** `2h ago`, `in 10h 13m` */
function relative(ms: number, nowMs: number): string {
  if (ms > nowMs) return `in ${describeDuration(ms - nowMs)}`
  return `${describeDuration(nowMs - ms)} ago`
}

function wordsOf(status: PlanStatus, progress: QueueFacts['progress']): string {
  const { plan, state, words, heldPrune } = status
  const told = state === 'good' ? [] : [words]
  const under = state === 'running' ? progress.get(plan) : undefined
  if (under) told.push(describeProgress(under))
  if (heldPrune) {
    const { going } = heldPrune
    told.push(
      `${going} backups would be pruned: see \`backstream prune ${plan} -n\`, then --confirm`,
    )
  }
  return told.join('; ')
}

function nextRunInWords(
  { isScheduled, nextRunMs }: PlanStatus,
  timeOf: (ms: number) => string,
): string {
  if (nextRunMs !== null) return timeOf(nextRunMs)
  return isScheduled ? 'not armed' : 'by hand'
}
