import { stat } from 'node:fs/promises'
import type { CommandSourceConfig, SecretRef } from '@backstream/config'
import { type Clock, systemClock } from '@backstream/kernel'
import { readStreams, type StreamRequest } from './read-streams.ts'
import type { RunnerDeps } from './runners/local-runner.ts'
import { openRunner } from './runners/open-runner.ts'
import type { Runner } from './runners/runner.ts'
import type { Source, SourceProblem } from './source.ts'
import { SourceError } from './source-error.ts'
import { checkTextEnd, nothing, type StreamCheck } from './stream-check.ts'

export interface CommandSourceDeps extends RunnerDeps {
  /** Reads a secret at the moment it is needed. */
  resolveSecret(ref: SecretRef): string | Promise<string>
  readonly clock?: Clock
  /** Bytes of a full tar member with its header; best the archive's frame size, the default 4 MiB. */
  readonly memberBytes?: number
}

export const defaultMemberBytes: number = 4 << 20

/** Reads a command's standard output as a stream under one name. */
export function createCommandSource(config: CommandSourceConfig, deps: CommandSourceDeps): Source {
  const runner = openRunner(config.via, deps)
  const clock = deps.clock ?? systemClock
  const name = config.at || config.streamName
  return {
    kind: 'command',
    at: config.at,
    preflight: ({ signal }) => findProblems(config, runner, signal),
    estimate: () => Promise.resolve(null),
    async *dryRun({ signal }) {
      signal.throwIfAborted()
      yield { path: name, type: 'stream', size: 0, mode: 0o600, mtimeMs: clock.now() }
    },
    read: (options) =>
      readStreams(
        async () => ({
          streams: [await streamOf(config, { name, deps })],
          consistency: 'as the command gave it',
        }),
        {
          ...options,
          runner,
          memberBytes: deps.memberBytes ?? defaultMemberBytes,
          startedAtMs: clock.now(),
        },
      ),
  }
}

async function streamOf(
  config: CommandSourceConfig,
  { name, deps }: { readonly name: string; readonly deps: CommandSourceDeps },
): Promise<StreamRequest> {
  const { argv, cwd } = config
  const env: Record<string, string> = {}
  for (const [key, ref] of Object.entries(config.env)) env[key] = await deps.resolveSecret(ref)
  const secrets = Object.values(env)
  const label = argv[0] ?? ''
  return { name, label, argv, env, cwd, secrets, check: checkExpected(config, label) }
}

function checkExpected({ expect }: CommandSourceConfig, label: string): StreamCheck {
  const end =
    expect.trailer === null
      ? null
      : checkTextEnd(label, {
          trailer: expect.trailer,
          remedy: 'It was cut short, or expect.trailer is not what the command writes last.',
        })
  let bytes = 0
  return {
    take(chunk) {
      bytes += chunk.length
      return end ? end.take(chunk) : chunk
    },
    end() {
      requireSize(bytes, expect.minSizeBytes, label)
      return end ? end.end() : nothing
    },
  }
}

function requireSize(bytes: number, minBytes: number | null, label: string): void {
  if (bytes === 0 && minBytes !== 0) {
    throw new SourceError('source-empty', `The command ${label} gave nothing`, {
      remedy: 'See why; if an empty output is a good one, set expect.minSize to 0B.',
    })
  }
  if (minBytes !== null && bytes < minBytes) {
    throw new SourceError(
      'too-small',
      `The command ${label} gave ${bytes} bytes, and at least ${minBytes} are expected`,
      { remedy: 'See why it gave less, or lower expect.minSize.' },
    )
  }
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
