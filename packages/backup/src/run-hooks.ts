import { BackstreamError, describeError } from '@backstream/kernel'
import type { Attempt } from './attempt.ts'
import { BackupError } from './errors.ts'

/** A command beside the sources. Rejects where it fails, or takes longer than it may. */
export interface Hook {
  run(options: {
    readonly signal: AbortSignal
    readonly note: (line: string) => void
  }): Promise<void>
}

/** Around the reading of the sources: to quieten an application, and to let it go on. */
export interface RunHooks {
  readonly before: Hook | null
  readonly after: Hook | null
}

/** How long the after hook may take once the run was aborted; its own limit may end it sooner. */
const afterMs = 60 * 60_000

/**
 * Runs `work` between the hooks. A before hook that fails fails the run; the after hook runs whatever
 * happened, even if the before hook did half of what it was to do, and its failure is a warning.
 */
export async function betweenHooks<T>(attempt: Attempt, work: () => Promise<T>): Promise<T> {
  const { hooks } = attempt.deps
  try {
    if (hooks?.before) await runBefore(attempt, hooks.before)
    return await work()
  } finally {
    if (hooks?.after) await runAfter(attempt, hooks.after)
  }
}

async function runBefore({ signal, step }: Attempt, hook: Hook): Promise<void> {
  step('the hook before begins')
  try {
    await hook.run({ signal, note: step })
  } catch (cause) {
    signal.throwIfAborted()
    throw new BackupError('hook-failed', `The hook before failed: ${describeError(cause)}`, {
      cause,
      permanent: cause instanceof BackstreamError && cause.permanent,
      remedy: 'Run the command of hooks.before by hand, and mend what it reports.',
    })
  }
}

async function runAfter(attempt: Attempt, hook: Hook): Promise<void> {
  const { step, deps, backup } = attempt
  step('the hook after begins')
  try {
    // A signal of its own: an application must not stay quiet because the run was cancelled.
    await hook.run({ signal: AbortSignal.timeout(afterMs), note: step })
  } catch (error) {
    attempt.warnings.push('hook-after-failed')
    step(`the hook after failed: ${describeError(error)}`)
    deps.logger.error({ backup, err: error }, 'the hook after failed')
  }
}
