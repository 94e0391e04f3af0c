import { type Manifest, type RunObserver, runBackup } from '@backstream/backup'
import type { Plan } from '@backstream/config'
import type { RunResult, SkippedResult } from '@backstream/jobs'
import {
  type ActiveBackupRun,
  acquireLease,
  isRunId,
  isWorthCatchingUp,
  type Lease,
  QueueError,
} from '@backstream/queue'
import type { Storage } from '@backstream/storage'
import { afterCommit } from '../after-commit.ts'
import { startDeadline } from '../attempt-deadline.ts'
import { finishEarlierAttempts } from '../earlier-attempts.ts'
import { giveWay } from '../give-way.ts'
import { createRunGuard } from '../run-guard.ts'
import { takePlaces } from '../run-limits.ts'
import { resultOf } from '../run-result.ts'
import { takeTurn } from '../take-turn.ts'
import { traceRun } from '../trace-run.ts'
import { refuseAmbiguousMachine } from '../which-machine.ts'
import type { WorkerContext } from '../worker-context.ts'

const progressEveryMs = 1_000
/** A run that waits for a place asks again more often than this, and keeps its plan meanwhile. */
const keepsPlanMs = 30_000

/** `backup.run`: one attempt at a backup of a plan, alone of its plan. */
export async function processBackupRun(
  context: WorkerContext,
  run: ActiveBackupRun,
): Promise<RunResult> {
  const plan = context.planNamed(run.payload.plan)
  const tooLate = judgeMissed(context, plan, run)
  if (tooLate) {
    await run.log(`skipped: ${tooLate.reason}`)
    return tooLate
  }
  await refuseAmbiguousMachine(context, plan)
  const lease = await turnOf(context, plan, run)
  if ('outcome' in lease) return await giveWay(context, { plan, run }, lease)
  try {
    await using _places = await takePlaces(context, plan, run)
    using deadline = startDeadline(plan)
    const signal = AbortSignal.any([run.signal, lease.signal, deadline.signal])
    return await backUp(context, { plan, run, lease, signal })
  } catch (error) {
    if (error instanceof QueueError && error.code === 'put-back') await lease.leaveFor(keepsPlanMs)
    throw error
  } finally {
    await lease.release()
  }
}

/** What to say of a run that nobody was there to begin, and that is too old by now. */
function judgeMissed(
  { clock }: WorkerContext,
  plan: Plan,
  { wasMissed, scheduledForMs }: ActiveBackupRun,
): SkippedResult | null {
  if (!wasMissed || scheduledForMs === null) return null
  if (isWorthCatchingUp(plan, scheduledForMs, clock.now())) return null
  const due = new Date(scheduledForMs).toISOString()
  return {
    outcome: 'skipped',
    plan: plan.name,
    reason: `it was due at ${due}, when no worker was there, and is too old to catch up on`,
    byRun: null,
  }
}

interface Turn {
  readonly plan: Plan
  readonly run: ActiveBackupRun
  readonly lease: Lease
  readonly signal: AbortSignal
}

async function turnOf(
  context: WorkerContext,
  plan: Plan,
  run: ActiveBackupRun,
): Promise<Lease | SkippedResult> {
  const { connection, logger, leaseTtlMs: ttlMs } = context
  const owner = run.ledger.runId
  return await takeTurn({
    plan,
    signal: run.signal,
    async acquire(name) {
      const lease = await acquireLease(connection, { plan: name, owner, ttlMs, logger })
      if (!('heldBy' in lease) || isRunId(lease.heldBy)) return lease
      // Not a run that makes this one needless, but somebody who will be done in a moment.
      throw new QueueError('put-back', `${plan.name} is in use by ${lease.heldBy}`)
    },
    async step(line) {
      logger.info({ plan: plan.name, run: run.id }, line)
      await run.log(line)
    },
  })
}

async function backUp(context: WorkerContext, turn: Turn): Promise<RunResult> {
  const { plan, run, signal } = turn
  const startedAtMs = context.clock.monotonicMs()
  await using storage = await context.openStorage(plan)
  const earlier = await finishEarlierAttempts(context, { storage, plan, run, signal })
  if (!earlier) await context.teller.started(plan.name, run.ledger.runId)
  const make = (observer: RunObserver | null) => makeNewBackup(context, turn, { storage, observer })
  const manifest = earlier ?? (await traceRun(context, run, make))
  await context.teller.committed(manifest)
  await afterCommit(context, plan, manifest)
  return resultOf(manifest, context.clock.monotonicMs() - startedAtMs)
}

async function makeNewBackup(
  context: WorkerContext,
  { plan, run, lease, signal }: Turn,
  { storage, observer }: { readonly storage: Storage; readonly observer: RunObserver | null },
): Promise<Manifest> {
  const { ledger } = run
  const guard = createRunGuard({ lease, ledger, signal })
  let ticking: NodeJS.Timeout | undefined
  let tell = (): void => {}
  let isHandedOn = false
  try {
    const manifest = await runBackup(
      {
        storage,
        sources: await context.openSources(plan),
        hooks: context.hooksOf(plan),
        clock: context.clock,
        logger: context.logger,
        guard,
      },
      {
        installation: context.config.name,
        plan,
        trigger: run.wasMissed ? 'catchup' : run.payload.trigger,
        run: {
          id: ledger.runId,
          attempt: run.attempt,
          worker: context.workerName,
          host: context.host,
          scheduledForMs: run.scheduledForMs,
        },
        tool: context.tool,
        store: context.storeOf(plan.storage),
        isPinned: run.payload.pin === true,
        observer: {
          onPhase(phase) {
            observer?.onPhase(phase)
            tell()
          },
          onPart: (part) => observer?.onPart(part) ?? (() => {}),
        },
        signal,
        onStep: (line) => void run.log(line).catch(() => {}),
        onMeter: (look) => {
          tell = () => run.progress(look())
          ticking = setInterval(tell, progressEveryMs)
        },
        onCleanUpFailed: async (backup) => {
          isHandedOn = true
          await context.producer.enqueueCleanup({ plan: plan.name, backup })
        },
      },
    )
    await ledger.settle(manifest.backup, 'committed')
    return manifest
  } catch (error) {
    const backup = guard.backup()
    if (backup !== null && !isHandedOn) await ledger.settle(backup, 'cleaned')
    throw error
  } finally {
    clearInterval(ticking)
  }
}
