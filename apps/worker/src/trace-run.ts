import { contentBytesOf, type Manifest, type RunObserver, storedBytesOf } from '@backstream/backup'
import type { ActiveBackupRun } from '@backstream/queue'
import type { WorkerContext } from './worker-context.ts'

/** Makes a backup under a trace of the run, where traces are wanted. */
export async function traceRun(
  { tracing, clock }: Pick<WorkerContext, 'tracing' | 'clock'>,
  run: ActiveBackupRun,
  make: (observer: RunObserver | null) => Promise<Manifest>,
): Promise<Manifest> {
  if (tracing === null) return await make(null)
  const attempt = tracing.begin({
    ...{ runId: run.ledger.runId, attempt: run.attempt, queue: run.queue },
    plan: run.payload.plan,
    trigger: run.wasMissed ? 'catchup' : run.payload.trigger,
    ...{ dueAtMs: run.scheduledForMs ?? run.timestampMs, nowMs: clock.now() },
  })
  try {
    const manifest = await make(attempt)
    const { backup } = manifest
    const [bytes, stored] = [contentBytesOf(manifest), storedBytesOf(manifest)]
    attempt.succeed({ backup, bytes, stored })
    return manifest
  } catch (error) {
    attempt.fail(error)
    throw error
  }
}
