import type { Path, ProblemReport } from './problem-report.ts'

interface NotYet {
  /** Keys from the top; `*` is any name or index. A plan's keys count wherever they were said. */
  readonly path: string
  /** Why going on without it would betray whoever wrote it. */
  readonly danger: string
}

/** Understood and checked, but not acted on by this version. A version that builds one drops its line. */
const notYet: readonly NotYet[] = [
  { path: 'storages.*.proxy', danger: 'the store would be reached without it' },
]

/**
 * Reports what `value` asks for that this version does not do. `key` is where it belongs, `path`
 * where it was written: a plan's key may stand in `defaults`.
 */
export function reportNotYet(
  value: unknown,
  where: { readonly key: Path; readonly path: Path },
  report: ProblemReport,
): void {
  if (isNothing(value)) return
  const entry = notYet.find((candidate) => isAt(where.key, candidate.path))
  if (!entry) return
  report.keyError(where.path, {
    message: `not yet in this version, and ${entry.danger}`,
    remedy: 'remove it, or wait for the version that has it',
  })
}

function isAt(path: Path, pattern: string): boolean {
  const parts = pattern.split('.')
  return (
    parts.length === path.length && parts.every((part, at) => part === '*' || part === path[at])
  )
}

function isNothing(value: unknown): boolean {
  if (value === undefined || value === null) return true
  return typeof value === 'object' && Object.keys(value).length === 0
}
