import {
  BackupError,
  type LastRun,
  type PruneReport,
  planStatus,
  pruneBlocksOf,
  prunePlan,
  readGlances,
} from '@backstream/backup'
import { localTime, type Plan } from '@backstream/config'
import type { BackupPrunePayload, PruneResult, SkippedResult } from '@backstream/jobs'
import { type ActiveRun, acquireLease, QueueError } from '@backstream/queue'
import type { Storage } from '@backstream/storage'
import { judgeUpkeep, skippedUpkeep } from '../upkeep-due.ts'
import type { WorkerContext } from '../worker-context.ts'

type PruneRun = ActiveRun<BackupPrunePayload>

/** Far enough behind runs that gave way to others. */
const lookAtRuns = 50

/**
 * `backup.prune`: what retention does not keep goes, unless that is more than may go without anybody
 * having agreed, or the plan is in trouble. Fails when something could not be removed.
 */
export async function processBackupPrune(
  context: WorkerContext,
  run: PruneRun,
): Promise<PruneResult | SkippedResult> {
  const plan = context.planNamed(run.payload.plan)
  const { retention } = plan
  if (!retention) return skippedUpkeep(plan, 'the plan has no retention: everything is kept')
  const { scheduledForMs } = run
  const skipped = judgeUpkeep(context, plan, { kind: 'prune', scheduledForMs })
  if (skipped) return skipped
  await using storage = await context.openMaintenance(plan.storage)
  await using _lease = await takePlan(context, run)
  const report = await prunePlan(
    { storage, clock: context.clock, signal: run.signal },
    {
      installation: context.config.name,
      plan: plan.name,
      policy: retention,
      localTime: (ms) => localTime(retention.timezone, ms),
      by: `worker ${context.workerName}`,
      blocks: await blocksOf(context, run, { plan, storage }),
      despite: [],
      isConfirmed: false,
      isDryRun: false,
    },
  )
  await tell(context, run, report)
  return resultOf(plan.name, report)
}

/** No run of the plan while its backups are judged. */
async function takePlan(context: WorkerContext, run: PruneRun): Promise<AsyncDisposable> {
  const { connection, leaseTtlMs: ttlMs, logger } = context
  const { plan } = run.payload
  const owner = `prune ${run.id}`
  const lease = await acquireLease(connection, { plan, owner, ttlMs, logger })
  if (!('heldBy' in lease)) return lease
  throw new QueueError('put-back', `${plan} is in use by ${lease.heldBy}`)
}

async function blocksOf(
  context: WorkerContext,
  { signal }: PruneRun,
  { plan, storage }: { readonly plan: Plan; readonly storage: Storage },
): Promise<ReturnType<typeof pruneBlocksOf>> {
  const status = planStatus({
    plan: plan.name,
    enabled: plan.enabled,
    overdueAfterMs: plan.overdueAfterMs,
    backups: (await readGlances(storage, plan.name, { signal })).glances,
    // Where there is no good backup at all, pruning leaves everything in any case.
    expectedSinceMs: null,
    lastRun: await lastEnd(context, plan),
    isScheduled: false,
    nextRunMs: null,
    nowMs: context.clock.now(),
  })
  return pruneBlocksOf(status)
}

/** The last run that made a backup or failed: one that gave way to another says nothing. */
async function lastEnd({ producer }: WorkerContext, { name }: Plan): Promise<LastRun | null> {
  const runs = await producer.findRuns({
    plan: name,
    jobName: 'backup.run',
    states: ['completed', 'failed'],
    limit: lookAtRuns,
  })
  const last = runs.find(({ state, result }) => {
    return state === 'failed' || result?.outcome === 'committed'
  })
  if (!last) return null
  const outcome = last.state === 'failed' ? 'failed' : 'committed'
  return { outcome, atMs: last.finishedAtMs ?? last.createdAtMs, cause: last.failedReason }
}

async function tell(
  { logger }: WorkerContext,
  run: PruneRun,
  { outcome, verdicts, blocks, limit, removed, failures, unreadable }: PruneReport,
): Promise<void> {
  const { plan } = run.payload
  for (const { backup, isKept, reasons } of verdicts) {
    await run.log(`${isKept ? 'keep  ' : 'delete'} ${backup}: ${reasons.join(', ')}`)
  }
  for (const backup of unreadable) await run.log(`left   ${backup}: it cannot be read`)
  const going = verdicts.filter(({ isKept }) => !isKept).length
  const words = {
    pruned: `${removed.length} backup(s) removed; \`backstream prune PLAN/ID --undo\` brings one back`,
    nothing: 'nothing to remove',
    'dry-run': 'nothing removed',
    held: `held: ${going} backups would go, more than ${limit}: \`backstream prune ${plan} --confirm\``,
    blocked: `nothing removed while the plan is ${blocks.join(' and ')}`,
  }[outcome]
  await run.log(words)
  if (outcome === 'held') logger.warn({ plan, going, limit }, `the pruning of ${plan} is ${words}`)
  if (failures[0]) {
    const more = failures.length > 1 ? ` and ${failures.length - 1} more` : ''
    const { backup, message } = failures[0]
    const what = `not removed: ${plan}/${backup}: ${message}${more}`
    throw new BackupError('clean-up-incomplete', what, {
      remedy:
        'The next one tries again; `backstream doctor --policy` prints the permissions that it needs.',
    })
  }
}

function resultOf(plan: string, report: PruneReport): PruneResult {
  const { outcome, verdicts, locked } = report
  const backups = verdicts.filter(({ isKept }) => !isKept).length
  const isIdle = outcome === 'nothing' || outcome === 'dry-run'
  return { outcome: isIdle ? 'nothing-to-prune' : outcome, plan, backups, locked }
}
