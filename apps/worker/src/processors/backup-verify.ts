import {
  BackupError,
  bytesToVerify,
  type LockReport,
  type Manifest,
  recordVerification,
  type VerifyReport,
  verifyBackup,
} from '@backstream/backup'
import { formatBytes, type Plan } from '@backstream/config'
import type { BackupVerifyPayload, SkippedResult, VerifyResult } from '@backstream/jobs'
import { describeError } from '@backstream/kernel'
import type { ActiveRun } from '@backstream/queue'
import type { Storage } from '@backstream/storage'
import { keepLocked } from '../keep-locked.ts'
import { newestGood } from '../newest-good.ts'
import { createReadingProgress } from '../reading-progress.ts'
import { judgeUpkeep, skippedUpkeep } from '../upkeep-due.ts'
import type { WorkerContext } from '../worker-context.ts'

type VerifyRun = ActiveRun<BackupVerifyPayload>

/**
 * `backup.verify`: reads the newest good backup back and notes beside it what was found. A refuted one
 * fails the job; it counts as good no more, so the next verification is of the one before.
 */
export async function processBackupVerify(
  context: WorkerContext,
  run: VerifyRun,
): Promise<VerifyResult | SkippedResult> {
  const plan = context.planNamed(run.payload.plan)
  const kind = run.payload.depth === 'deep' ? 'verify-deep' : 'verify'
  const skipped = judgeUpkeep(context, plan, { kind, scheduledForMs: run.scheduledForMs })
  if (skipped) return skipped
  await using storage = await context.openStorage(plan)
  const manifest = await newestGood(storage, plan.name, run.signal)
  if (!manifest) return skippedUpkeep(plan, 'there is no good backup to verify')
  const { clock } = context
  const startedMs = clock.monotonicMs()
  const report = await verify(context, run, { plan, storage, manifest })
  const durationMs = clock.monotonicMs() - startedMs
  const note = { manifest, report, by: `worker ${context.workerName}`, durationMs }
  await recordVerification(storage, note, { clock, signal: run.signal })
  await mendLock(context, run, { plan, manifest })
  await conclude(run, manifest, report)
  const { depth, bytes } = report
  return { outcome: 'verified', plan: plan.name, backup: manifest.backup, depth, bytes }
}

interface Verifying {
  readonly plan: Plan
  readonly storage: Storage
  readonly manifest: Manifest
}

async function verify(
  context: WorkerContext,
  run: VerifyRun,
  { plan, storage, manifest }: Verifying,
): Promise<VerifyReport> {
  const { signal } = run
  const total = bytesToVerify(manifest)
  const wanted = run.payload.depth
  const identities = wanted === 'deep' ? await keysFor(context, plan, manifest) : []
  const depth = manifest.encryption && identities.length === 0 ? 'stored' : wanted
  if (depth !== wanted) {
    await run.log('encrypted, and `verify` names no key: compared with the manifest, not opened')
  }
  await run.log(`${plan.name}/${manifest.backup}: reading ${formatBytes(total)} (${depth})`)
  const progressAt = createReadingProgress('verifying', total, context.clock)
  const onProgress = (bytes: number) => run.progress(progressAt(bytes))
  return await verifyBackup(storage, { manifest, depth, identities, signal, onProgress })
}

/** What the job after the commit could not do, or somebody has lost since. */
async function mendLock(
  context: WorkerContext,
  run: VerifyRun,
  { plan, manifest }: Omit<Verifying, 'storage'>,
): Promise<void> {
  const report = await lockOrSay(context, run, { plan, manifest })
  if (report && report.locked > 0)
    await run.log(`${report.locked} object(s) were not locked: mended`)
}

/** The verification is done and noted: a worker without the right to lock must not fail it. */
async function lockOrSay(
  context: WorkerContext,
  run: VerifyRun,
  { plan, manifest }: Omit<Verifying, 'storage'>,
): Promise<LockReport | null> {
  try {
    return await keepLocked(context, plan, { manifest, signal: run.signal })
  } catch (error) {
    run.signal.throwIfAborted()
    const line = `the lock of ${plan.name}/${manifest.backup} could not be looked at: ${describeError(error)}`
    context.logger.warn({ plan: plan.name, err: error }, line)
    await run.log(line)
    return null
  }
}

async function keysFor(context: WorkerContext, { verify }: Plan, { encryption }: Manifest) {
  return encryption && verify?.identity ? await context.readIdentities(verify.identity) : []
}

async function conclude(
  run: VerifyRun,
  { plan, backup, encryption }: Manifest,
  { problems }: VerifyReport,
): Promise<void> {
  for (const problem of problems) await run.log(`refuted: ${problem}`)
  if (problems.length === 0) return
  const what = encryption ? `${problems.length} found` : problems.join('; ')
  throw new BackupError('backup-refuted', `${plan}/${backup} is refuted: ${what}`, {
    permanent: true,
    remedy: `It does not count as good any more. Make a new one: \`backstream run ${plan}\`.`,
  })
}
