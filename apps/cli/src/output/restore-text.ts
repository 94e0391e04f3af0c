import type { ResolvedRef, RestorePlan } from '@backstream/backup'
import { describeDuration, formatBytes } from '@backstream/config'
import type { CarriedOut } from '../actions/carry-out.ts'
import type { Session } from '../command-context.ts'
import { exitStatus } from '../exit-status.ts'

/** What was restored, and what could not be set as it was. */
export function reportRestore(
  session: Session,
  { plan, passedOver }: { readonly plan: RestorePlan } & Pick<ResolvedRef, 'passedOver'>,
  { done, fetchedBytes, durationMs }: CarriedOut,
): void {
  const { manifest, to } = plan.order
  const { entries, files, bytes, kept, replaced, setuidCleared } = done
  if (session.json) {
    const notSet = Object.fromEntries(done.notSet)
    const counts = { entries, files, bytes, kept, replaced, setuidCleared, notSet }
    const { plan: name, backup } = manifest
    const seconds = Math.round(durationMs) / 1000
    const facts = { plan: name, backup, to, verified: true, dryRun: false, ...counts }
    const document = { ...facts, fetchedBytes, seconds, passedOver }
    session.printJson({ format: 'backstream.restore/1', ...document })
  } else {
    const ref = `${manifest.plan}/${manifest.backup}`
    const what = `${entries} entries, ${formatBytes(bytes)} in ${to}`
    const how = `${formatBytes(fetchedBytes)} fetched in ${timeTaken(durationMs)}`
    session.print(`${ref}: restored and verified: ${what} (${how})\n`)
  }
  noteWhatDiffers(session, done)
}

/** A file out of a large backup takes less than a second: there tenths tell something. */
function timeTaken(durationMs: number): string {
  return durationMs < 10_000 ? `${(durationMs / 1000).toFixed(1)}s` : describeDuration(durationMs)
}

/** What is not as the archive has it. */
export function noteWhatDiffers(session: Session, done: CarriedOut['done']): void {
  const { kept, replaced, setuidCleared, othersOwned, notSet } = done
  if (kept > 0) session.note(`note: ${kept} entries were left as they were there`)
  if (replaced > 0) session.note(`note: ${replaced} entries took the place of others`)
  if (setuidCleared > 0) {
    session.note(
      `note: ${setuidCleared} files lost their set-user-id or set-group-id bit (--keep-setuid)`,
    )
  }
  if (othersOwned > 0) {
    session.note(`note: ${othersOwned} entries belonged to others: owners are set only by root`)
  }
  for (const [what, count] of notSet) {
    session.note(`warning: the ${what} of ${count} entries could not be set`)
  }
  if (notSet.size > 0) session.endWith(exitStatus.incomplete)
}

/** `-n`: what there is to restore, by the manifest or the index. */
export function reportDryRun(
  session: Session,
  { plan, passedOver }: { readonly plan: RestorePlan } & Pick<ResolvedRef, 'passedOver'>,
): void {
  const { manifest, to } = plan.order
  const { entries, bytes } = plan.found
  const storedBytes = manifest.archives.reduce((sum, archive) => sum + archive.bytes, 0)
  if (session.json) {
    const { plan: name, backup } = manifest
    const facts = { plan: name, backup, to, dryRun: true, entries, bytes, storedBytes, passedOver }
    session.printJson({ format: 'backstream.restore/1', ...facts })
    return
  }
  const ref = `${manifest.plan}/${manifest.backup}`
  const fetch = plan.chosen ? '' : ` (${formatBytes(storedBytes)} to fetch)`
  const what = `${entries} entries, ${formatBytes(bytes)}${fetch}`
  session.print(`would restore ${ref}: ${what} into ${to}\n`)
}
