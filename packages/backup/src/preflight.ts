import type { Source, SourceOptions, SourceProblem } from '@backstream/sources'
import { BackupError } from './errors.ts'

/** Rejects with `preflight-failed` naming every problem of every source, before a byte is sent. */
export async function preflight(sources: readonly Source[], options: SourceOptions): Promise<void> {
  const found = await Promise.all(sources.map((source) => source.preflight(options)))
  const problems = found.flat()
  if (problems.length === 0) return
  throw new BackupError('preflight-failed', problems.map(({ message }) => message).join('; '), {
    permanent: problems.some(({ permanent }) => permanent),
    remedy: remediesOf(problems),
  })
}

function remediesOf(problems: readonly SourceProblem[]): string {
  return [...new Set(problems.map(({ remedy }) => remedy))].join(' ')
}
