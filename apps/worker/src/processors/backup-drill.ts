import { tmpdir } from 'node:os'
import {
  BackupError,
  type DrillReport,
  drillBackup,
  type Manifest,
  makeScratchPlace,
  recordDrill,
} from '@backstream/backup'
import type { DrillConfig } from '@backstream/config'
import type { BackupDrillPayload, DrillResult, SkippedResult } from '@backstream/jobs'
import type { ActiveRun } from '@backstream/queue'
import { drilledDatabases } from '@backstream/sources'
import type { Storage } from '@backstream/storage'
import { newestGood } from '../newest-good.ts'
import { createReadingProgress } from '../reading-progress.ts'
import { judgeUpkeep, skippedUpkeep } from '../upkeep-due.ts'
import type { WorkerContext } from '../worker-context.ts'

type DrillRun = ActiveRun<BackupDrillPayload>

/**
 * `backup.drill`: restores the newest good backup into a scratch place, checks it there, and notes
 * beside it how that went and how long it took. A drill that failed fails the job.
 */
export async function processBackupDrill(
  context: WorkerContext,
  run: DrillRun,
): Promise<DrillResult | SkippedResult> {
  const plan = context.planNamed(run.payload.plan)
  const { drill } = plan
  if (!drill) return skippedUpkeep(plan, 'the plan has no drill')
  const { scheduledForMs } = run
  const skipped = judgeUpkeep(context, plan, { kind: 'drill', scheduledForMs })
  if (skipped) return skipped
  await using storage = await context.openStorage(plan)
  const manifest = await newestGood(storage, plan.name, run.signal)
  if (!manifest) return skippedUpkeep(plan, 'there is no good backup to restore')
  const report = await rehearse(context, run, { drill, storage, manifest })
  const by = `worker ${context.workerName}`
  await recordDrill(storage, { manifest, report, by }, { clock: context.clock, signal: run.signal })
  await conclude(run, manifest, report)
  const { restoreMs, bytes, checks } = report
  return {
    ...{ outcome: 'drilled', plan: plan.name, backup: manifest.backup, restoreMs, bytes },
    checks: checks.map(({ name, words }) => ({ name, words })),
  }
}

interface Rehearsal {
  readonly drill: DrillConfig
  readonly storage: Storage
  readonly manifest: Manifest
}

async function rehearse(
  context: WorkerContext,
  run: DrillRun,
  { drill, storage, manifest }: Rehearsal,
): Promise<DrillReport> {
  const { plan, encryption, archives } = manifest
  const total = archives.reduce((sum, { bytes }) => sum + bytes, 0)
  const progressAt = createReadingProgress('restoring', total, context.clock)
  const { into } = drill
  const { sources } = context.planNamed(plan)
  const databases = into === null ? [] : drilledDatabases({ name: plan, sources }, into, context)
  const needsKey = encryption !== null && drill.identity !== null
  await using place = await makeScratchPlace(drill.to ?? tmpdir(), plan)
  await run.log(`restoring ${plan}/${manifest.backup} into ${place.path}`)
  return await drillBackup(
    storage,
    {
      ...{ manifest, databases, isDatabasesOnly: databases.length === sources.length },
      to: place.path,
      checks: drill.checks,
      identities: needsKey && drill.identity ? await context.readIdentities(drill.identity) : [],
      environment: context.environment,
      keepOwners: process.getuid?.() === 0,
      random: Math.random,
      signal: run.signal,
      onProgress: ({ bytesFetched, entries }) => run.progress(progressAt(bytesFetched, entries)),
    },
    context.clock,
  )
}

async function conclude(
  run: DrillRun,
  { plan, backup }: Manifest,
  { checks, restoreMs, isPassed }: DrillReport,
): Promise<void> {
  for (const { name, isPassed, words } of checks) {
    await run.log(`${name}: ${isPassed ? 'passed' : 'FAILED'}: ${words}`)
  }
  await run.log(`restored in ${restoreMs} ms`)
  if (isPassed) return
  const failed = checks.filter((check) => !check.isPassed)
  const why = failed.map(({ name, words }) => `${name}: ${words}`).join('; ')
  throw new BackupError('drill-failed', `The drill of ${plan} with ${backup} failed: ${why}`, {
    permanent: true,
    remedy: `See to it, then try again: \`backstream drill ${plan}\`.`,
  })
}
