import type { ProblemReport } from './problem-report.ts'

export interface ParseOptions {
  /** The name the problems carry. */
  readonly file: string
  readonly env: Readonly<Record<string, string | undefined>>
}

export interface BuildContext extends ParseOptions {
  readonly report: ProblemReport
}
