import type { SourceConfig } from './model.ts'
import type { Path, ProblemReport } from './problem-report.ts'
import type { SaidPlan } from './said-plan.ts'

/** The sources of a plan, each with its place in the archive; undefined when that cannot be told. */
export function buildSources(
  said: SaidPlan,
  report: ProblemReport,
): readonly SourceConfig[] | undefined {
  const hasOne = said.written.has('source')
  const hasMany = said.written.has('sources')
  if (hasOne === hasMany) {
    report.error([...said.path, 'source'], {
      message: hasOne ? 'source and sources exclude each other' : 'what to read is not said',
      remedy: hasOne
        ? 'keep one of them'
        : 'add source: { kind: directory, path: /srv/data }, or sources with several',
    })
    return undefined
  }
  const sources = hasOne ? single(said, report) : several(said, report)
  noteVariablesInSources(said, report)
  return sources?.map((source) => nameStream(source, said.name))
}

function single(said: SaidPlan, report: ProblemReport): readonly SourceConfig[] | undefined {
  const { source } = said.keys
  if (!source) return undefined
  if (source.at === '') return [source]
  report.keyError([...said.pathOf('source'), 'at'], {
    message: 'a single source lies at the root of the archive',
    remedy: 'remove at, or write sources: with a list',
  })
  return undefined
}

function several(said: SaidPlan, report: ProblemReport): readonly SourceConfig[] | undefined {
  const { sources } = said.keys
  if (!sources) return undefined
  const problems = sources.map((source, index) => {
    const problem = problemOfPlace(source, sources.slice(0, index))
    if (problem) report.error([...said.pathOf('sources'), index, 'at'], problem)
    return problem
  })
  return problems.some(Boolean) ? undefined : sources
}

function problemOfPlace(
  source: SourceConfig,
  earlier: readonly SourceConfig[],
): { message: string; remedy: string } | undefined {
  if (source.at === '') {
    return {
      message: 'its path in the archive is not said',
      remedy: 'add at: name, different for each source',
    }
  }
  const clash = earlier.find(
    ({ at }) =>
      at !== '' && (`${source.at}/`.startsWith(`${at}/`) || `${at}/`.startsWith(`${source.at}/`)),
  )
  if (!clash) return undefined
  return {
    message:
      clash.at === source.at
        ? 'another source lies there'
        : `lies inside or around another, ${clash.at}`,
    remedy: 'give each source a path of its own',
  }
}

/** In the archive a stream needs a name even where the source has none. */
function nameStream(source: SourceConfig, planName: string): SourceConfig {
  return source.kind === 'directory' ? source : { ...source, streamName: source.at || planName }
}

function noteVariablesInSources(said: SaidPlan, report: ProblemReport): void {
  const places: [SourceConfig | undefined, Path][] = said.keys.source
    ? [[said.keys.source, said.pathOf('source')]]
    : (said.keys.sources ?? []).map((source, index) => [source, [...said.pathOf('sources'), index]])
  for (const [source, path] of places) {
    if (source?.kind === 'command') noteVariablesInArguments(source.argv, path, report)
  }
}

/** A notice for each argument of the command at `path` that holds the value of a variable. */
export function noteVariablesInArguments(
  argv: readonly string[],
  path: Path,
  report: ProblemReport,
): void {
  argv.forEach((_, index) => {
    if (!report.isExpanded([...path, 'argv', index])) return
    report.notice([...path, 'argv', index], {
      message:
        'the value of a variable becomes an argument, which every user of the machine can see',
      remedy: 'hand a secret over with env: { NAME: { env: NAME } }',
    })
  })
}
