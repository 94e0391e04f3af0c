import { findProgram } from './find-program.ts'
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
}

/** What a command inherits; everything else, secrets of other plans above all, it does not get. */
const inherited = /^(?:PATH|HOME|USER|LOGNAME|SHELL|TMPDIR|TZ|LANG|LANGUAGE|LC_[A-Z]+)$/
const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

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

function minimalEnvironment(
  environment: NonNullable<RunnerDeps['environment']>,
): Readonly<Record<string, string>> {
  const kept: Record<string, string> = { PATH: defaultPath }
  for (const [name, value] of Object.entries(environment)) {
    if (value !== undefined && inherited.test(name)) kept[name] = value
  }
  return kept
}
