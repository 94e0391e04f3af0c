import type { Path, ProblemReport } from './problem-report.ts'
import { planShape } from './schema/plan.ts'
import { type Mapping, readMapping } from './schema/read-keys.ts'
import { readValue } from './schema/report-issues.ts'
import { namePattern } from './schema/value.ts'
import { expandTree } from './yaml/expand.ts'

/** One plan as it stands in the file, after `each` and variables. */
export interface PlanEntry {
  readonly name: string
  /** Where it is written; the plans of one `each` share it. */
  readonly path: Path
  readonly tree: Mapping
}

interface Context {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly report: ProblemReport
}

/** The plans of `plans:` in the order of the file, one for each item of an `each`. */
export function expandPlans(plans: Mapping, context: Context): PlanEntry[] {
  const taken = new Map<string, string>()
  const { report } = context
  const inOrder = Object.entries(plans).sort(([a], [b]) =>
    report.compare(['plans', a], ['plans', b]),
  )
  return inOrder.flatMap(([key, tree]) => {
    const entries = expandPlan(key, tree, context)
    return entries.filter((entry) => claimName(entry, { key, taken, report }))
  })
}

function expandPlan(key: string, tree: unknown, context: Context): PlanEntry[] {
  const { env, report } = context
  const path = ['plans', key]
  const plan = readMapping(tree, { path, report })
  if (!plan) return []
  if (plan['each'] === undefined) {
    return [
      { name: key, path, tree: expandTree(plan, path, { ...context, each: null }) as Mapping },
    ]
  }
  const { each, ...rest } = plan
  const eachPath = [...path, 'each']
  const written = expandTree(each, eachPath, { env, report, each: null })
  const items = readValue(planShape.each, written, { path: eachPath, report }) ?? []
  return items.map((item) => ({
    name: `${key}-${item}`,
    path,
    tree: expandTree(rest, path, { env, report, each: item }) as Mapping,
  }))
}

function claimName(
  entry: PlanEntry,
  options: { key: string; taken: Map<string, string>; report: ProblemReport },
): boolean {
  const { key, taken, report } = options
  if (!namePattern.test(entry.name) || entry.name === 'latest') {
    const isOwn = entry.name === key
    report.keyError(entry.path, {
      message: isOwn ? 'not usable as the name of a plan' : `${entry.name} is not usable as a name`,
      remedy: 'use small letters, digits and dashes, at most 63, and not the word latest',
    })
    return false
  }
  const other = taken.get(entry.name)
  if (other !== undefined) {
    report.keyError(entry.path, {
      message:
        other === key
          ? `each names ${entry.name.slice(key.length + 1)} twice`
          : `${entry.name} is the name of a plan made by plans.${other} too`,
      remedy: 'give one of them another name',
    })
    return false
  }
  taken.set(entry.name, key)
  return true
}
