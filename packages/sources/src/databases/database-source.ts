import type { DatabaseSourceConfig } from '@backstream/config'
import { systemClock } from '@backstream/kernel'
import { type CommandSourceDeps, defaultMemberBytes } from '../command-source.ts'
import { readStreams } from '../read-streams.ts'
import { openRunner } from '../runners/open-runner.ts'
import type { Source, SourceProblem } from '../source.ts'
import { SourceError } from '../source-error.ts'
import type { Asking, DatabaseKind } from './database-kind.ts'

export interface DatabaseSource extends Source {
  /** What was found, for a person; asked for once `preflight` has no problem. */
  describe(signal: AbortSignal): Promise<string>
}

/** A database as a source: its dumps are streams, under one name or below it. */
export function createDatabaseSource<C extends DatabaseSourceConfig>(
  kind: DatabaseKind<C>,
  config: C,
  deps: CommandSourceDeps,
): DatabaseSource {
  const runner = openRunner(config.via, deps)
  const clock = deps.clock ?? systemClock
  const place = config.at || config.streamName
  const ask = async (signal: AbortSignal): Promise<Asking> => {
    const connection = await kind.connect(config, (ref) => deps.resolveSecret(ref))
    return { runner, connection, signal }
  }
  return {
    kind: config.kind,
    at: config.at,
    preflight: ({ signal }) =>
      asProblems(async () => findProblems(kind, config, await ask(signal))),
    describe: async (signal) => kind.describe(config, await ask(signal)),
    estimate: async ({ signal }) => kind.estimate(config, await ask(signal)),
    async *dryRun({ signal }) {
      const { streams } = await kind.plan(config, await ask(signal), place)
      for (const { name } of streams) {
        yield { path: name, type: 'stream', size: 0, mode: 0o600, mtimeMs: clock.now() }
      }
    },
    read: (options) =>
      readStreams(async () => kind.plan(config, await ask(options.signal), place), {
        ...options,
        runner,
        memberBytes: deps.memberBytes ?? defaultMemberBytes,
        startedAtMs: clock.now(),
      }),
  }
}

async function findProblems<C extends DatabaseSourceConfig>(
  kind: DatabaseKind<C>,
  config: C,
  asking: Asking,
): Promise<readonly SourceProblem[]> {
  const missing = await findMissing(kind.programs(config, asking.connection), asking)
  return missing.length > 0 ? missing : await kind.findProblems(config, asking)
}

/** A problem for each program that is not where the source is read. */
export async function findMissing(
  programs: readonly string[],
  { runner, signal }: Pick<Asking, 'runner' | 'signal'>,
): Promise<readonly SourceProblem[]> {
  const problems: SourceProblem[] = []
  for (const program of programs) {
    if ((await runner.findProgram(program, { cwd: null, signal })) !== null) continue
    problems.push({
      code: 'command-missing',
      message: `The program ${program} is not ${runner.place}, or may not be run`,
      remedy: `Install ${program} where the PATH finds it, or read the source where it is, with via.`,
      permanent: true,
    })
  }
  return problems
}

/** A server that cannot be asked is a problem like any other: not thrown, but told with the rest. */
async function asProblems(
  find: () => Promise<readonly SourceProblem[]>,
): Promise<readonly SourceProblem[]> {
  try {
    return await find()
  } catch (error) {
    if (!(error instanceof SourceError)) throw error
    const { code, message, remedy = '', permanent } = error
    return [{ code, message, remedy, permanent }]
  }
}
