import { constants } from 'node:os'
import { CliError } from './cli-error.ts'

/** One Ctrl-C may arrive several times: from the terminal, and from each wrapper that passes it on. */
const sameBlowMs = 500

type StopSignal = 'SIGINT' | 'SIGTERM'

/**
 * A signal that is aborted by the first SIGINT or SIGTERM, with the error the command then ends
 * with. A second one, if it is not a copy of the first, ends the process at once.
 */
export function createInterruption(
  process: Pick<NodeJS.Process, 'on' | 'exit'>,
  monotonicMs: () => number = () => performance.now(),
): () => AbortSignal {
  let controller: AbortController | undefined
  return () => {
    if (controller) return controller.signal
    const stop = new AbortController()
    controller = stop
    let first: { readonly name: StopSignal; readonly atMs: number } | undefined
    const onSignal = (name: StopSignal) => {
      const nowMs = monotonicMs()
      if (first === undefined) {
        first = { name, atMs: nowMs }
        stop.abort(interruptedBy(name))
      } else if (name !== first.name || nowMs - first.atMs > sameBlowMs) {
        process.exit(128 + constants.signals[name])
      }
    }
    process.on('SIGINT', onSignal)
    process.on('SIGTERM', onSignal)
    return stop.signal
  }
}

function interruptedBy(name: StopSignal): CliError {
  return name === 'SIGINT'
    ? new CliError('interrupted', 'interrupted')
    : new CliError('terminated', 'ended by SIGTERM')
}
