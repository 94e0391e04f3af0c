import { compareStatus, needsAttention, type PlanStatus } from '@backstream/backup'
import type { UnknownPlan } from '@backstream/board/overview'
import { describeError } from '@backstream/kernel'
import type { Session } from '../command-context.ts'
import { exitStatus } from '../exit-status.ts'
import { queueTroubles } from '../output/queue-text.ts'
import { renderStatus } from '../output/status-table.ts'
import { openPlanStatuses, type QueueLook } from './plan-statuses.ts'

export interface StatusOptions {
  readonly check?: boolean
}

export async function status(session: Session, options: StatusOptions): Promise<void> {
  const { statuses, unknownPlans, queueLook, redisProblem } = await load(session)
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
    const troubles = queueTroubles(queueLook.queues)
    const table = renderStatus(session, sorted, { isQueueKnown, progress: queueLook.progress })
    session.print(`${sentence(sorted, needy)}\n${troubles}\n${table}`)
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
  readonly queueLook: QueueLook
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
  let redisProblem = opened.problem
  const queueLook = await plans.loadQueues().catch((error: unknown) => {
    redisProblem ??= error
    return { queues: [], progress: new Map() }
  })
  return { statuses, unknownPlans, queueLook, redisProblem }
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
      changeBytes: newestGood.changeBytes,
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
