import { stat } from 'node:fs/promises'
import type { CommandSourceConfig, SecretRef } from '@backstream/config'
import { type Clock, systemClock } from '@backstream/kernel'
import { readCommand } from './read-command.ts'
import type { RunnerDeps } from './runners/local-runner.ts'
import { openRunner } from './runners/open-runner.ts'
import type { Runner } from './runners/runner.ts'
import type { Source, SourceProblem } from './source.ts'

export interface CommandSourceDeps extends RunnerDeps {
  /** Reads a secret at the moment it is needed. */
  resolveSecret(ref: SecretRef): string | Promise<string>
  readonly clock?: Clock
  /** Bytes of a full tar member with its header; best the archive's frame size, the default 4 MiB. */
  readonly memberBytes?: number
}

const defaultMemberBytes = 4 << 20

/** Reads a command's standard output as a stream under one name. */
export function createCommandSource(config: CommandSourceConfig, deps: CommandSourceDeps): Source {
  const runner = openRunner(config.via, deps)
  const name = config.at || config.streamName
  return {
    kind: 'command',
    at: config.at,
    preflight: ({ signal }) => findProblems(config, runner, signal),
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
        runner,
        startedAtMs: (deps.clock ?? systemClock).now(),
        openSecrets: () => openSecrets(config, deps),
      }),
  }
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
  { argv, cwd, via }: CommandSourceConfig,
  runner: Runner,
  signal: AbortSignal,
): Promise<readonly SourceProblem[]> {
  if (via === null && cwd !== null && !(await isDirectory(cwd))) {
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
  if ((await runner.findProgram(program, { cwd, signal })) !== null) return []
  return [
    {
      code: 'command-missing',
      message: `The command ${program} is not ${runner.place}, or may not be run`,
      remedy: 'Install it where the PATH finds it, or name it by its full path.',
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
