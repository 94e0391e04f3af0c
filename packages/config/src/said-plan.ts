import type { Path } from './problem-report.ts'
import type { PlanKeys } from './schema/plan.ts'

/** What a plan says with `defaults` filled in, and where each key of it is written. */
export interface SaidPlan {
  readonly name: string
  readonly path: Path
  readonly keys: PlanKeys
  /** Keys that are written, whether or not they could be read. */
  readonly written: ReadonlySet<string>
  pathOf(key: keyof PlanKeys): Path
}
