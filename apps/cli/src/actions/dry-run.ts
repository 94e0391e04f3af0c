import { formatBytes, type Plan, resolveSecret } from '@backstream/config'
import type { SourceProblem } from '@backstream/sources'
import type { Session } from '../command-context.ts'
import { exitStatus } from '../exit-status.ts'
import { plainText } from '../output/plain-text.ts'

interface Line {
  readonly path: string
  readonly type: string
  readonly size: number
}

/**
 * `run --dry-run`: what these plans would read on this machine, entry by entry, nothing read. Text is
 * written as it is found; the document of `--json` is too, since a tree may have millions of entries.
 */
export async function dryRun(session: Session, plans: readonly Plan[]): Promise<void> {
  const problems = session.json ? await printJson(session, plans) : await printText(session, plans)
  for (const { message, remedy } of problems)
    session.note(`error: ${plainText(message)}\n${remedy}`)
  if (problems.length > 0) session.endWith(exitStatus.failed)
}

async function printText(session: Session, plans: readonly Plan[]): Promise<SourceProblem[]> {
  const problems: SourceProblem[] = []
  for (const plan of plans) {
    let entries = 0
    let bytes = 0
    for await (const { path, type, size } of readPlan(session, plan, problems)) {
      session.print(
        `${plan.name}  ${String(size).padStart(12)}  ${type.padEnd(9)}  ${plainText(path)}\n`,
      )
      entries += 1
      bytes += size
    }
    session.note(`${plan.name}: ${entries} entries, ${formatBytes(bytes)}`)
  }
  return problems
}

async function printJson(session: Session, plans: readonly Plan[]): Promise<SourceProblem[]> {
  const problems: SourceProblem[] = []
  session.print('{"format":"backstream.dry-run/1","plans":[')
  for (const [at, plan] of plans.entries()) {
    session.print(`${at > 0 ? ',' : ''}{"plan":"${plan.name}","entries":[`)
    let entries = 0
    let bytes = 0
    for await (const line of readPlan(session, plan, problems)) {
      session.print(`${entries > 0 ? ',\n' : '\n'}${JSON.stringify(line)}`)
      entries += 1
      bytes += line.size
    }
    session.print(`],"count":${entries},"bytes":${bytes}}`)
  }
  session.print(`],"problems":${JSON.stringify(problems)}}\n`)
  return problems
}

async function* readPlan(
  session: Session,
  plan: Plan,
  problems: SourceProblem[],
): AsyncGenerator<Line> {
  const { openSource } = await import('@backstream/sources')
  const options = { signal: session.interruption(), logger: session.logger }
  for (const sourceConfig of plan.sources) {
    const source = await openSource(sourceConfig, {
      environment: session.settings.env,
      resolveSecret: (ref) => resolveSecret(ref, session.settings.env),
    })
    const found = await source.preflight(options)
    problems.push(...found)
    if (found.length > 0) continue
    for await (const entry of source.dryRun(options)) {
      // As it will lie in the archive: a source with an `at` has all its entries below it.
      yield { path: entry.path, type: entry.type, size: entry.size }
    }
  }
}
