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
    // Nothing was being written when it ended: it went past what is damaged, to the archive's end.
    const isGoneThrough = report.current === null && entries > 0
    const far = isHalf
      ? `${to} is HALF RESTORED: ${count} of ${ref} took their place, the others are as they were`
      : `${ref} is NOT ${isGoneThrough ? 'verified' : 'restored'}: ${count} are in ${to}`
    const end = isGoneThrough
      ? 'each as it was stored, and the archive is damaged'
      : 'and it ended early'
    const lines = [`${far}, ${end}: ${describeError(cause)}`, ...namesOf(missing)]
    const remedy = isGoneThrough ? elsewhere(manifest) : isHalf ? again : cause.remedy
    super(cause.code, lines.join('\n'), {
      permanent: cause.permanent,
      ...(remedy !== undefined && { remedy }),
    })
    const { plan: name, backup } = manifest
    this.restore = { plan: name, backup, to, verified: false, half: isHalf, entries, missing }
  }
}

const again = 'Mend the cause and say the same again: it does all of it anew.'

function elsewhere({ plan }: FailedRestore['plan']['order']['manifest']): string {
  return `Take what is missing from another backup: \`backstream list ${plan}\`, \`restore --path\`.`
}

function namesOf(missing: readonly string[]): string[] {
  const shown = missing.slice(0, namesShown).map((path) => `  not restored: ${path}`)
  const rest = missing.length - shown.length
  return rest > 0 ? [...shown, `  and ${rest} more; --json names all of them`] : shown
}
