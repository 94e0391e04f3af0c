import { compareStatus, needsAttention, type PlanState, type PlanStatus } from '@backstream/backup'
import type { UnknownPlan } from '@backstream/board/overview'
import { describeDuration, formatBytes } from '@backstream/config'
import { describeError } from '@backstream/kernel'
import type { Session } from '../command-context.ts'
import { exitStatus } from '../exit-status.ts'
import { formatLocalTime } from '../output/local-time.ts'
import { proofInWords } from '../output/proof-text.ts'
import { type Cell, renderTable } from '../output/table.ts'
import { putWordsBelow } from '../output/words-below.ts'
import { openPlanStatuses } from './plan-statuses.ts'

export interface StatusOptions {
  readonly check?: boolean
}

export async function status(session: Session, options: StatusOptions): Promise<void> {
  const { statuses, unknownPlans, redisProblem } = await load(session)
  const sorted = [...statuses].sort(compareStatus)
  const needy = sorted.filter(needsAttention)
  if (session.json) {
    session.printJson({
      format: 'backstream.status/1',
      asOf: new Date(session.clock.now()).toISOString(),
      redis: redisProblem === null ? null : describeError(redisProblem),
      plans: sorted.map(asDocument),
      unknownPlans: unknownPlans.map(({ newestFinishedAtMs, ...plan }) => ({
        ...plan,
        newestFinishedAt: newestFinishedAtMs === null ? null : isoOf(newestFinishedAtMs),
      })),
    })
  } else {
    const isQueueKnown = redisProblem === null
    session.print(`${sentence(sorted, needy)}\n\n${table(session, sorted, isQueueKnown)}`)
    session.print(unknownInWords(unknownPlans))
  }
  if (redisProblem !== null) {
    session.note(`warning: runs and schedules are unknown: ${describeError(redisProblem)}`)
  }
  // Without Redis nobody knows whether the last run failed: such a plan cannot be judged.
  if (options.check && (needy.length > 0 || redisProblem !== null))
    session.endWith(exitStatus.failed)
}

interface Loaded {
  readonly statuses: readonly PlanStatus[]
  readonly unknownPlans: readonly UnknownPlan[]
  readonly redisProblem: unknown
}

/** The bucket is the truth, so it is shown although Redis is away. */
async function load(session: Session): Promise<Loaded> {
  const config = await session.config()
  const { openConfiguredQueue } = await import('@backstream/queue')
  const { settings, logger, clock } = session
  const opened = await openConfiguredQueue(config, { env: settings.env, logger, clock }).then(
    (connection) => ({ connection, problem: null }),
    (problem: unknown) => ({ connection: null, problem }),
  )
  await using connection = opened.connection
  await using plans = await openPlanStatuses(session, config, connection)
  const signal = session.interruption()
  const statuses = await plans.load(signal)
  const unknownPlans = await plans.loadUnknown(signal)
  return { statuses, unknownPlans, redisProblem: opened.problem }
}

function sentence(plans: readonly PlanStatus[], needy: readonly PlanStatus[]): string {
  const [worst] = needy
  if (!worst)
    return plans.length === 1 ? 'The plan is well.' : `All ${plans.length} plans are well.`
  const verb = needy.length === 1 ? 'needs' : 'need'
  return `${needy.length} of ${plans.length} plans ${verb} you. Worst: ${worst.plan}, ${worst.state}.`
}

function unknownInWords(plans: readonly UnknownPlan[]): string {
  const lines = plans.map(
    ({ plan, storage, backups }) =>
      `${plan}: unknown to config, ${backups} ${backups === 1 ? 'backup' : 'backups'} in ${storage}; name it in \`retired\` if that is meant\n`,
  )
  return lines.length === 0 ? '' : `\n${lines.join('')}`
}

/** In a terminal times are told as people say them, and words stand below; a script gets one line a plan. */
function table(session: Session, plans: readonly PlanStatus[], isQueueKnown: boolean): string {
  const { isTTY, columns } = session.stdout
  const nowMs = session.clock.now()
  const timeOf = (ms: number) => (isTTY ? relative(ms, nowMs) : formatLocalTime(ms))
  const { good, bad, warn, dim } = session.paint
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
  const rows = plans.map((plan) => {
    const { newestGood, overdueAfterMs, lastRun } = plan
    const limit = overdueAfterMs === null ? '' : ` of ${describeDuration(overdueAfterMs)}`
    const paint = paints[plan.state]
    return [
      plan.plan,
      { text: plan.state, ...(paint ? { paint } : {}) },
      newestGood ? `${describeDuration(newestGood.ageMs)}${limit}` : 'none',
      newestGood ? formatBytes(newestGood.bytes) : '',
      lastRun ? `${lastRun.outcome} ${timeOf(lastRun.atMs)}` : '',
      isQueueKnown ? nextRunInWords(plan, timeOf) : 'not known',
      proofInWords(plan, nowMs),
      isTTY ? '' : wordsOf(plan),
    ]
  })
  const headings = ['PLAN', 'STATE', 'NEWEST GOOD', 'SIZE', 'LAST RUN', 'NEXT RUN', 'PROVED', '']
  const rendered = renderTable(
    headings.map((heading) => ({ heading })),
    rows,
  )
  if (!isTTY) return rendered
  return putWordsBelow(rendered, plans.map(wordsOf), { columns: columns || 80, paint: dim })
}

/** `2h ago`, `in 10h 13m` */
function relative(ms: number, nowMs: number): string {
  if (ms > nowMs) return `in ${describeDuration(ms - nowMs)}`
  return `${describeDuration(nowMs - ms)} ago`
}

function wordsOf({ plan, state, words, heldPrune }: PlanStatus): string {
  const held =
    heldPrune &&
    `${heldPrune.going} backups would be pruned: see \`backstream prune ${plan} -n\`, then --confirm`
  return [...(state === 'good' ? [] : [words]), ...(held ? [held] : [])].join('; ')
}

function nextRunInWords(
  { isScheduled, nextRunMs }: PlanStatus,
  timeOf: (ms: number) => string,
): string {
  if (nextRunMs !== null) return timeOf(nextRunMs)
  return isScheduled ? 'not armed' : 'by hand'
}

function asDocument(plan: PlanStatus): Record<string, unknown> {
  const { newestGood, lastRun, nextRunMs } = plan
  return {
    plan: plan.plan,
    state: plan.state,
    words: plan.words,
    backups: plan.backups,
    overdueAfterSeconds: plan.overdueAfterMs === null ? null : plan.overdueAfterMs / 1000,
    isOverdue: plan.isOverdue,
    newestGood: newestGood && {
      backup: newestGood.backup,
      finishedAt: isoOf(newestGood.finishedAtMs),
      ageSeconds: Math.floor(newestGood.ageMs / 1000),
      bytes: newestGood.bytes,
      storedBytes: newestGood.storedBytes,
    },
    lastRun: lastRun && {
      outcome: lastRun.outcome,
      at: isoOf(lastRun.atMs),
      cause: lastRun.cause,
    },
    nextRun: nextRunMs === null ? null : isoOf(nextRunMs),
    proved: proofOf(plan),
    heldPrune: plan.heldPrune,
  }
}

/** Null: nobody ever read one back. */
function proofOf({ proved, openedAtMs, drill }: PlanStatus): Record<string, unknown> | null {
  if (proved === null) return null
  return {
    how: proved.how,
    at: isoOf(proved.atMs),
    backup: proved.backup,
    outcome: proved.isRefuted ? 'failed' : 'good',
    openedAt: openedAtMs === null ? null : isoOf(openedAtMs),
    drill: drill && {
      at: isoOf(drill.atMs),
      backup: drill.backup,
      outcome: drill.isPassed ? 'passed' : 'failed',
      restoreSeconds: drill.restoreMs / 1000,
      failed: drill.failed,
    },
  }
}

function isoOf(ms: number): string {
  return new Date(ms).toISOString()
}
