import { buildConfig } from './build-config.ts'
import type { ParseOptions } from './build-context.ts'
import type { Config } from './model.ts'
import { type ConfigProblem, ProblemReport } from './problem-report.ts'
import { readYaml } from './yaml/read-yaml.ts'

export type ConfigResult =
  | { readonly ok: true; readonly config: Config; readonly notices: readonly ConfigProblem[] }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] }

/**
 * Checks a configuration and gives it its normal shape. Never throws for any text; reads nothing
 * but its arguments. `problems` holds every error and notice at once, in the order of the file.
 */
export function parseConfig(text: string, options: ParseOptions): ConfigResult {
  const report = new ProblemReport(options.file)
  const tree = readYaml(text, report)
  const config = tree === undefined ? undefined : buildConfig(tree, { ...options, report })
  const problems = report.problems
  if (config && !report.hasErrors) return { ok: true, config, notices: problems }
  if (!report.hasErrors)
    report.error([], { message: 'the file is empty', remedy: 'run `backstream init`' })
  return { ok: false, problems: report.problems }
}
