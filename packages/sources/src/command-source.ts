import { stat } from 'node:fs/promises'
import type { CommandSourceConfig, SecretRef } from '@backstream/config'
import { type Clock, systemClock } from '@backstream/kernel'
import { findProgram } from './find-program.ts'
import { readCommand } from './read-command.ts'
import type { StopLimits } from './running-command.ts'
import type { Source, SourceProblem } from './source.ts'

export interface CommandSourceDeps {
  /** Reads a secret at the moment it is needed. */
  resolveSecret(ref: SecretRef): string | Promise<string>
  /**
   * Where the few variables come from that every command gets: PATH, HOME, LANG, TZ and the like.
   * Without it there is the system's usual PATH and nothing else.
   */
  readonly environment?: Readonly<Record<string, string | undefined>>
  readonly clock?: Clock
  /** Bytes of a full tar member with its header; best the archive's frame size, the default 4 MiB. */
  readonly memberBytes?: number
  /** How long a command that is to end is waited for; default 5 s, and 10 s more after SIGKILL. */
  readonly limits?: StopLimits
}

/** What a command inherits; everything else, secrets of other plans above all, it does not get. */
const inherited = /^(?:PATH|HOME|USER|LOGNAME|SHELL|TMPDIR|TZ|LANG|LANGUAGE|LC_[A-Z]+)$/
const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
const defaultMemberBytes = 4 << 20

/** Reads a command's standard output as a stream under one name. */
export function createCommandSource(config: CommandSourceConfig, deps: CommandSourceDeps): Source {
  const base = minimalEnvironment(deps.environment ?? {})
  const name = config.at || config.streamName
  return {
    kind: 'command',
    at: config.at,
    preflight: () => findProblems(config, base['PATH'] ?? defaultPath),
    estimate: () => Promise.resolve(null),
    async *dryRun({ signal }) {
      signal.throwIfAborted()
      const mtimeMs = (deps.clock ?? systemClock).now()
      yield { path: name, type: 'stream', size: 0, mode: 0o600, mtimeMs }
    },
    read: (options) =>
      readCommand(config, {
        ...options,
        name,
        memberBytes: deps.memberBytes ?? defaultMemberBytes,
        limits: deps.limits,
        startedAtMs: (deps.clock ?? systemClock).now(),
        openSecrets: () => openSecrets(config, deps),
        environment: base,
      }),
  }
}

function minimalEnvironment(
  environment: NonNullable<CommandSourceDeps['environment']>,
): Readonly<Record<string, string>> {
  const kept: Record<string, string> = { PATH: defaultPath }
  for (const [name, value] of Object.entries(environment)) {
    if (value !== undefined && inherited.test(name)) kept[name] = value
  }
  return kept
}

async function openSecrets(
  { env }: CommandSourceConfig,
  deps: CommandSourceDeps,
): Promise<Readonly<Record<string, string>>> {
  const secrets: Record<string, string> = {}
  for (const [name, ref] of Object.entries(env)) secrets[name] = await deps.resolveSecret(ref)
  return secrets
}

async function findProblems(
  { argv, cwd }: CommandSourceConfig,
  searchPath: string,
): Promise<readonly SourceProblem[]> {
  if (cwd !== null && !(await isDirectory(cwd))) {
    return [
      {
        code: 'command-missing',
        message: `The working directory ${cwd} does not exist`,
        remedy: 'Correct cwd, or create the directory.',
        permanent: true,
      },
    ]
  }
  const [program = ''] = argv
  if ((await findProgram(program, { searchPath, cwd })) !== null) return []
  return [
    {
      code: 'command-missing',
      message: `The command ${program} is not on this machine, or may not be run`,
      remedy: `Install it where the worker's PATH (${searchPath}) finds it, or name it by its full path.`,
      permanent: true,
    },
  ]
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch {
    // Missing or forbidden: for the caller the same.
    return false
  }
}
