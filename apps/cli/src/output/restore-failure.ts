import type { ExtractReport, RestorePlan } from '@backstream/backup'
import { BackstreamError, describeError } from '@backstream/kernel'

export interface FailedRestore {
  readonly plan: RestorePlan
  readonly report: ExtractReport
  /** In the archive's order; empty where all is written, or the index could not be read. */
  readonly missing: readonly string[]
  /** It went over a source: what was there is gone in part. */
  readonly isOverSource?: boolean
}

const namesShown = 20

/** A restore that ended early: its cause, how far it came, and which files are not there. */
export class RestoreFailure extends BackstreamError {
  override readonly name = 'RestoreFailure'
  /** For `--json`. */
  readonly restore: Readonly<Record<string, unknown>>

  constructor(cause: BackstreamError, failed: FailedRestore) {
    const { plan, report, missing } = failed
    const { manifest, to } = plan.order
    const { entries } = report
    const ref = `${manifest.plan}/${manifest.backup}`
    const count = `${entries} of ${plan.found.entries} entries`
    const isHalf = failed.isOverSource === true && entries > 0
    const far = isHalf
      ? `${to} is HALF RESTORED: ${count} of ${ref} took their place, the others are as they were`
      : `${ref} is NOT restored: ${count} are in ${to}`
    const lines = [`${far}, and it ended early: ${describeError(cause)}`, ...namesOf(missing)]
    super(cause.code, lines.join('\n'), {
      permanent: cause.permanent,
      ...(isHalf && { remedy: 'Mend the cause and say the same again: it does all of it anew.' }),
      ...(!isHalf && cause.remedy !== undefined && { remedy: cause.remedy }),
    })
    const { plan: name, backup } = manifest
    this.restore = { plan: name, backup, to, verified: false, half: isHalf, entries, missing }
  }
}

function namesOf(missing: readonly string[]): string[] {
  const shown = missing.slice(0, namesShown).map((path) => `  not restored: ${path}`)
  const rest = missing.length - shown.length
  return rest > 0 ? [...shown, `  and ${rest} more; --json names all of them`] : shown
}
