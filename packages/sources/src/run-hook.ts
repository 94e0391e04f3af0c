import type { HookConfig, SecretRef } from '@backstream/config'
import { createRedact } from './redact.ts'
import { capture } from './runners/capture.ts'
import type { RunnerDeps } from './runners/local-runner.ts'
import { openRunner } from './runners/open-runner.ts'
import { SourceError } from './source-error.ts'

export interface HookDeps extends RunnerDeps {
  resolveSecret(ref: SecretRef): string | Promise<string>
}

/** Runs a command beside the sources, where `via` says, within its time. Rejects unless it ends with 0. */
export async function runHook(
  hook: HookConfig,
  deps: HookDeps,
  { signal, note }: { readonly signal: AbortSignal; readonly note: (line: string) => void },
): Promise<void> {
  const { argv, via, timeoutMs } = hook
  const env: Record<string, string> = {}
  for (const [name, ref] of Object.entries(hook.env)) env[name] = await deps.resolveSecret(ref)
  const redact = createRedact(Object.values(env))
  const limit = AbortSignal.timeout(timeoutMs)
  const runner = openRunner(via, deps)
  const ended = await capture(runner, { argv, env }, AbortSignal.any([signal, limit])).catch(
    (error: unknown) => {
      if (limit.aborted && !signal.aborted) throw tooLong(hook)
      throw error
    },
  )
  const said = redact(`${ended.stdout}\n${ended.stderr}`).trim().slice(-4096)
  if (ended.exit?.status === 0) {
    if (said !== '') note(`${argv[0]} said: ${said}`)
    return
  }
  const how = ended.exit?.signal ?? `status ${ended.exit?.status ?? 'none'}`
  throw new SourceError('command-failed', `The command ${argv[0]} ended with ${how}: ${said}`, {
    permanent: ended.exit === null,
    remedy: 'Run the command by hand as the user of the worker.',
  })
}

function tooLong({ argv, timeoutMs }: HookConfig): SourceError {
  const message = `The command ${argv[0]} was ended after ${timeoutMs / 1000} s`
  return new SourceError('command-failed', message, {
    remedy: 'See why it takes so long, or raise its timeout.',
  })
}
