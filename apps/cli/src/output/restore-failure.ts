import type { ExtractReport, RestorePlan } from '@backstream/backup'
import { BackstreamError, describeError } from '@backstream/kernel'

export interface FailedRestore {
  readonly plan: RestorePlan
  readonly report: ExtractReport
  /** In the archive's order; empty where all is written, or the index could not be read. */
  readonly missing: readonly string[]
}

const namesShown = 20

/** A restore that ended early: its cause, how far it came, and which files are not there. */
export class RestoreFailure extends BackstreamError {
  override readonly name = 'RestoreFailure'
  /** For `--json`. */
  readonly restore: Readonly<Record<string, unknown>>

  constructor(cause: BackstreamError, { plan, report, missing }: FailedRestore) {
    const { manifest, to } = plan.order
    const { entries } = report
    const ref = `${manifest.plan}/${manifest.backup}`
    const far = `${ref} is NOT restored: ${entries} of ${plan.found.entries} entries are in ${to}`
    const lines = [`${far}, and it ended early: ${describeError(cause)}`, ...namesOf(missing)]
    super(cause.code, lines.join('\n'), {
      permanent: cause.permanent,
      ...(cause.remedy !== undefined && { remedy: cause.remedy }),
    })
    const { plan: name, backup } = manifest
    this.restore = { plan: name, backup, to, verified: false, entries, missing }
  }
}

function namesOf(missing: readonly string[]): string[] {
  const shown = missing.slice(0, namesShown).map((path) => `  not restored: ${path}`)
  const rest = missing.length - shown.length
  return rest > 0 ? [...shown, `  and ${rest} more; --json names all of them`] : shown
}
