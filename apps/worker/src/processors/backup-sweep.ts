import {
  BackupError,
  defaultSweepGraceMs,
  type SweepReport,
  sweepStorage,
} from '@backstream/backup'
import type { BackupSweepPayload, SweepResult } from '@backstream/jobs'
import { type ActiveRun, openSweepWitness } from '@backstream/queue'
import type { WorkerContext } from '../worker-context.ts'

/**
 * `backup.sweep`: what no manifest and no live run of the plan accounts for goes, in every storage: a
 * plan that moved left its rubbish where it was. Fails when something could not be removed.
 */
export async function processBackupSweep(
  context: WorkerContext,
  run: ActiveRun<BackupSweepPayload>,
): Promise<SweepResult> {
  const { name, retention } = context.planNamed(run.payload.plan)
  const plan = { name, retentionGraceMs: retention?.graceMs ?? defaultSweepGraceMs }
  const deps = {
    witness: openSweepWitness(context.connection),
    clock: context.clock,
    signal: run.signal,
  }
  const reports: SweepReport[] = []
  for (const name of Object.keys(context.config.storages)) {
    await using storage = await context.openMaintenance(name)
    const report = await sweepStorage(
      { ...deps, storage },
      {
        installation: context.config.name,
        plans: [plan],
        graceMs: defaultSweepGraceMs,
        by: `worker ${context.workerName}`,
        isDryRun: false,
      },
    )
    await tell(context, run, { location: storage.location, report })
    reports.push(report)
  }
  const failures = reports.flatMap((report) => report.failures)
  if (failures[0]) {
    const more = failures.length > 1 ? ` and ${failures.length - 1} more` : ''
    const what = `not removed: ${failures[0].ref}: ${failures[0].message}${more}`
    throw new BackupError('clean-up-incomplete', what, {
      remedy:
        'The next one tries again; `backstream doctor --policy` prints the permissions that it needs.',
    })
  }
  return resultOf(name, reports)
}

async function tell(
  { logger }: WorkerContext,
  run: ActiveRun<BackupSweepPayload>,
  { location, report }: { readonly location: string; readonly report: SweepReport },
): Promise<void> {
  const { plan } = run.payload
  for (const { ref, reason, uploads, objects, bytes } of report.swept) {
    const what = `${uploads} upload(s), ${objects} object(s), ${bytes} bytes`
    await run.log(`${location}: removed ${ref} (${reason}): ${what}`)
  }
  for (const { ref, why } of report.waiting) await run.log(`${location}: left ${ref}: ${why}`)
  const { manifestGone, unreadable, locked } = report
  for (const ref of locked) await run.log(`${ref} is locked: the store keeps it for now`)
  if (manifestGone.length + unreadable.length === 0) return
  const gone = manifestGone.map((ref) => `the manifest of ${ref} is gone, and not by pruning`)
  const odd = unreadable.map((ref) => `what stands in the slot of ${ref} is no manifest`)
  for (const line of [...gone, ...odd]) {
    await run.log(`${location}: ${line}`)
    logger.error({ plan, location }, line)
  }
}

function resultOf(plan: string, reports: readonly SweepReport[]): SweepResult {
  const swept = reports.flatMap((report) => report.swept)
  return {
    outcome: 'swept',
    plan,
    uploads: swept.reduce((total, { uploads }) => total + uploads, 0),
    objects: swept.reduce((total, { objects }) => total + objects, 0),
    bytes: swept.reduce((total, { bytes }) => total + bytes, 0),
    waiting: reports.reduce((total, { waiting }) => total + waiting.length, 0),
    manifestGone: reports.reduce((total, { manifestGone }) => total + manifestGone.length, 0),
  }
}
