import type { ProblemReport } from './problem-report.ts'

export interface ParseOptions {
  /** The name the problems carry. */
  readonly file: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** For who only looks: to schedule nothing, or to remove schedules, there must be a plan. */
  readonly mayLackPlans?: boolean
}

export interface BuildContext extends ParseOptions {
  readonly report: ProblemReport
}
