import { constants } from 'node:os'
import { describeError, type Logger } from '@backstream/kernel'
import { RuntimeError } from './runtime-error.ts'

/**
 * The end of a process. The first SIGTERM or SIGINT, or a call of `shutdown`, runs the phases in
 * order; each has its own time. A phase that fails or overruns is logged and the next one still
 * runs, so that a hanging queue cannot keep the storage from being closed. Then the process exits:
 * 0 when every phase ended well, 1 when one did not, or what `shutdown` was given. A second signal
 * exits at once with 128 plus its number, whatever is still going on.
 *
 * One Ctrl-C may arrive several times: the terminal sends it to every process of the group, and npm,
 * a shell or `timeout` pass theirs on as well. So the same signal counts again only after a moment.
 */
export interface ShutdownPhase {
  readonly name: string
  readonly timeoutMs: number
  /** `signal` is aborted when the phase's time has passed; nobody waits for it after that. */
  run(signal: AbortSignal): Promise<void> | void
}

export interface InstallShutdownOptions {
  readonly logger: Logger
  /** Read when the shutdown begins: phases may still be added until then. */
  readonly phases: readonly ShutdownPhase[]
  /** The same signal within this time is a copy of the first. Default 500 ms. */
  readonly copiesWithinMs?: number
}

export interface Shutdown extends Disposable {
  /** Aborted when the shutdown begins. */
  readonly signal: AbortSignal
  /** Begins the shutdown without a signal, for instance after a fatal error. Never resolves. */
  shutdown(reason: string, exitCode?: number): Promise<never>
}

type StopSignal = 'SIGTERM' | 'SIGINT'

export function installShutdown(options: InstallShutdownOptions): Shutdown {
  const begun = new AbortController()
  const copiesWithinMs = options.copiesWithinMs ?? 500
  let first: { readonly name: StopSignal; readonly atMs: number } | undefined

  async function shutdown(reason: string, exitCode?: number): Promise<never> {
    if (begun.signal.aborted) return new Promise<never>(() => {})
    begun.abort(new RuntimeError('shutdown', `shutting down: ${reason}`))
    options.logger.info({ reason }, 'shutting down')
    const errors = await runPhases(options)
    const code = exitCode ?? (errors.length > 0 ? 1 : 0)
    options.logger.info({ exitCode: code }, 'stopped')
    process.exit(code)
  }

  function onSignal(name: StopSignal): void {
    const nowMs = performance.now()
    if (first?.name === name && nowMs - first.atMs < copiesWithinMs) return
    first ??= { name, atMs: nowMs }
    if (begun.signal.aborted) process.exit(128 + constants.signals[name])
    void shutdown(name)
  }

  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)
  return {
    signal: begun.signal,
    shutdown,
    [Symbol.dispose]: () => {
      process.off('SIGTERM', onSignal)
      process.off('SIGINT', onSignal)
    },
  }
}

async function runPhases({ logger, phases }: InstallShutdownOptions): Promise<unknown[]> {
  const errors: unknown[] = []
  for (const phase of phases) {
    try {
      await runPhase(phase)
      logger.debug({ phase: phase.name }, 'shutdown phase done')
    } catch (error) {
      errors.push(error)
      logger.error({ phase: phase.name, err: error }, `shutdown: ${describeError(error)}`)
    }
  }
  return errors
}

async function runPhase(phase: ShutdownPhase): Promise<void> {
  const overrun = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const error = new RuntimeError(
        'shutdown',
        `phase ${phase.name} was not done after ${phase.timeoutMs} ms`,
      )
      overrun.abort(error)
      reject(error)
    }, phase.timeoutMs)
  })
  try {
    await Promise.race([phase.run(overrun.signal), deadline])
  } finally {
    clearTimeout(timer)
  }
}
