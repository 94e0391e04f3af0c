import { findProgram } from './find-program.ts'
import { defaultPath, minimalEnvironment } from './minimal-environment.ts'
import type { Runner } from './runner.ts'
import { RunningCommand, type StopLimits } from './running-command.ts'

export interface RunnerDeps {
  /**
   * Where the few variables come from that every command gets: PATH, HOME, LANG, TZ and the like.
   * Without it there is the system's usual PATH and nothing else.
   */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined
  /** How long a command that is to end is waited for; default 5 s, and 10 s more after SIGKILL. */
  readonly limits?: StopLimits | undefined
  /** How long a place elsewhere may take to answer; default 60 s. */
  readonly beginMs?: number
}

/** Commands on this machine, as the user of this process. */
export function createLocalRunner({ environment = {}, limits }: RunnerDeps): Runner {
  const base = minimalEnvironment(environment)
  const searchPath = base['PATH'] ?? defaultPath
  return {
    place: 'on this machine',
    start: (request) =>
      new RunningCommand({
        ...request,
        env: { ...base, ...request.env },
        ...(limits && { limits }),
      }),
    findProgram: (name, { cwd }) => findProgram(name, { searchPath, cwd }),
  }
}
