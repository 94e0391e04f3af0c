import {
  BackupError,
  contentBytesOf,
  type Manifest,
  runBackup,
  storedBytesOf,
} from '@backstream/backup'
import type { Plan } from '@backstream/config'
import type { BackupRunPayload, RunResult, SkippedResult } from '@backstream/jobs'
import { type ActiveRun, acquireLease, drawFence, type Lease, mayCommit } from '@backstream/queue'
import { finishEarlierAttempts } from '../earlier-attempts.ts'
import { takeTurn } from '../take-turn.ts'
import { refuseAmbiguousMachine } from '../which-machine.ts'
import type { WorkerContext } from '../worker-context.ts'

const progressEveryMs = 1_000

/** `backup.run`: one attempt at a backup of a plan, alone of its plan. */
export async function processBackupRun(
  context: WorkerContext,
  run: ActiveRun<BackupRunPayload>,
): Promise<RunResult> {
  const plan = context.planNamed(run.payload.plan)
  await refuseAmbiguousMachine(context, plan)
  const lease = await turnOf(context, plan, run)
  if ('outcome' in lease) return lease
  try {
    const signal = AbortSignal.any([run.signal, lease.signal])
    return await backUp(context, { plan, run, lease, signal })
  } finally {
    await lease.release()
  }
}

interface Turn {
  readonly plan: Plan
  readonly run: ActiveRun<BackupRunPayload>
  readonly lease: Lease
  readonly signal: AbortSignal
}

async function turnOf(
  context: WorkerContext,
  plan: Plan,
  run: ActiveRun<BackupRunPayload>,
): Promise<Lease | SkippedResult> {
  const { connection, logger, leaseTtlMs: ttlMs } = context
  const owner = runIdOf(run)
  return await takeTurn({
    plan,
    signal: run.signal,
    acquire: (name) => acquireLease(connection, { plan: name, owner, ttlMs, logger }),
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
  const runId = runIdOf(run)
  const earlier = await finishEarlierAttempts(context, { storage, plan, runId, run, signal })
  const manifest = earlier ?? (await makeNewBackup(context, turn, storage))
  return resultOf(manifest, context.clock.monotonicMs() - startedAtMs)
}

async function makeNewBackup(
  context: WorkerContext,
  { plan, run, lease, signal }: Turn,
  storage: Awaited<ReturnType<WorkerContext['openStorage']>>,
): Promise<Manifest> {
  const { connection, ledger } = context
  const runId = runIdOf(run)
  let ticking: NodeJS.Timeout | undefined
  try {
    return await runBackup(
      {
        storage,
        sources: await context.openSources(plan),
        clock: context.clock,
        logger: context.logger,
        guard: {
          drawFence: (floor) => drawFence(connection, plan.name, floor),
          recordAttempt: (backup) => ledger.record({ plan: plan.name, runId, backup }),
          assertMayCommit: async (fence) => {
            if (await mayCommit(connection, lease, fence)) return
            throw new BackupError('fenced-off', `Another run of ${plan.name} has taken over`, {
              remedy: 'Nothing to do: the newer run makes the backup.',
            })
          },
        },
      },
      {
        installation: context.config.name,
        plan,
        trigger: run.payload.trigger,
        run: {
          id: runId,
          attempt: run.attempt,
          worker: context.workerName,
          host: context.host,
          scheduledForMs: run.scheduledForMs,
        },
        tool: context.tool,
        store: context.storeOf(plan.storage),
        signal,
        onStep: (line) => void run.log(line).catch(() => {}),
        onMeter: (look) => {
          ticking = setInterval(() => run.progress(look()), progressEveryMs)
        },
        onCleanUpFailed: async (backup) => {
          await context.producer.enqueueCleanup({ plan: plan.name, backup })
        },
      },
    )
  } finally {
    clearInterval(ticking)
  }
}

/** Unique for ever: BullMQ's counter of job ids starts again on an empty Redis. */
function runIdOf(run: ActiveRun<BackupRunPayload>): string {
  return `${run.id}@${run.timestampMs}`
}

function resultOf(manifest: Manifest, durationMs: number): RunResult {
  return {
    outcome: 'committed',
    plan: manifest.plan,
    backup: manifest.backup,
    status: manifest.status,
    bytes: contentBytesOf(manifest),
    entries: manifest.content.entries,
    storedBytes: storedBytesOf(manifest),
    durationMs: Math.round(durationMs),
    warnings: manifest.warnings.reduce((total, { count }) => total + count, 0),
  }
}
