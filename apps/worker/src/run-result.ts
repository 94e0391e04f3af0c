import { contentBytesOf, type Manifest, readManifest, storedBytesOf } from '@backstream/backup'
import type { Plan } from '@backstream/config'
import type { RunResult } from '@backstream/jobs'
import { afterCommit } from './after-commit.ts'
import type { WorkerContext } from './worker-context.ts'

const lookWithinMs = 60_000

/** What a run returns that one of these attempts has committed; null when none has. */
export async function findCommitted(
  context: Concluding & Pick<WorkerContext, 'openStorage' | 'planNamed'>,
  run: { readonly plan: string; readonly attempts: readonly { readonly backup: string }[] },
): Promise<RunResult | null> {
  const { plan, attempts } = run
  await using storage = await context.openStorage(context.planNamed(plan))
  for (const { backup } of attempts) {
    const signal = AbortSignal.timeout(lookWithinMs)
    const manifest = await readManifest(storage, { plan, backup }, signal)
    if (!manifest) continue
    return await concludeCommitted(context, context.planNamed(plan), manifest)
  }
  return null
}

export type Concluding = Pick<WorkerContext, 'teller' | 'producer' | 'clock' | 'logger' | 'config'>

/** What its worker did not come to any more, behind the commit of a backup that is there. */
export async function concludeCommitted(
  context: Concluding,
  plan: Plan,
  manifest: Manifest,
): Promise<RunResult> {
  await context.teller.committed(manifest)
  await afterCommit(context, plan, manifest)
  const { startedAt, finishedAt } = manifest.run
  return resultOf(manifest, Date.parse(finishedAt) - Date.parse(startedAt))
}

export function resultOf(manifest: Manifest, durationMs: number): RunResult {
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
