/**
 * Child processes as one: `up` starts them, passes on what they say, starts one that ended again,
 * and ends all of them when it is told to or when one cannot be helped.
 *
 * A board that crashes must not cost a worker its run of twenty hours, so one that ends is started
 * again, after a pause that doubles. A child that refuses to start for its configuration will refuse
 * again, and one that keeps ending has a trouble that restarts only hide: then all end.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock, Logger } from '@backstream/kernel'

export interface ChildSpec {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
}

export interface SuperviseOptions {
  readonly signal: AbortSignal
  readonly logger: Logger
  readonly clock: Clock
  /** One line of a child's output. */
  readonly onLine: (name: string, line: string) => void
  /** Before the first restart; doubles up to `pauseMaxMs`. Defaults 1 s and 30 s. */
  readonly pauseMs?: number
  readonly pauseMaxMs?: number
}

/** A child that lived this long starts its count of failures anew. */
const healthyAfterMs = 60_000
const maxFailures = 6
/** Usage or configuration, and refused for safety: trying again cannot help. */
const hopeless: readonly number[] = [2, 4]
/** A worker may finish or hand back its runs first; then it is killed. */
const stopTimeoutMs = 120_000

export interface SuperviseResult {
  /** 0 when everything ended because it was told to; else the status of the child that gave up. */
  readonly status: number
  readonly gaveUp: string | null
}

/** Resolves when no child is left. */
export async function supervise(
  specs: readonly ChildSpec[],
  options: SuperviseOptions,
): Promise<SuperviseResult> {
  const stop = new AbortController()
  const signal = AbortSignal.any([options.signal, stop.signal])
  const results = await Promise.all(
    specs.map(async (spec) => {
      const status = await keepRunning(spec, { ...options, signal })
      // The first that gives up ends the others.
      if (!signal.aborted) stop.abort(new Error(`${spec.name} gave up`))
      return { status, gaveUp: status === 0 ? null : spec.name }
    }),
  )
  return results.find(({ gaveUp }) => gaveUp !== null) ?? { status: 0, gaveUp: null }
}

/** Resolves with 0 once told to stop and gone, or with the status to give up with. */
async function keepRunning(spec: ChildSpec, options: SuperviseOptions): Promise<number> {
  const { signal, logger, clock, pauseMs = 1_000, pauseMaxMs = 30_000 } = options
  for (let failures = 0; !signal.aborted; ) {
    const startedAtMs = clock.monotonicMs()
    const { code, cause } = await runOnce(spec, options)
    if (signal.aborted) return 0
    if (hopeless.includes(code)) return code
    failures = clock.monotonicMs() - startedAtMs > healthyAfterMs ? 1 : failures + 1
    if (failures >= maxFailures) return 1
    const waitMs = Math.min(pauseMs * 2 ** (failures - 1), pauseMaxMs)
    logger.warn({ child: spec.name, cause }, `${spec.name} ended (${cause}); starting it again`)
    await sleep(waitMs, undefined, { signal }).catch(() => {
      // Told to stop: the loop ends.
    })
  }
  return 0
}

interface Ended {
  readonly code: number
  /** `exit status 1`, `SIGKILL`. */
  readonly cause: string
}

async function runOnce(spec: ChildSpec, options: SuperviseOptions): Promise<Ended> {
  const child = spawn(spec.command, spec.args, {
    env: { ...spec.env, BACKSTREAM_SUPERVISED: '1' },
    // The channel tells the child when this process is gone, however it went.
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    // A session of its own: Ctrl-C reaches this process, which then ends its children in order.
    detached: true,
  })
  for (const stream of [child.stdout, child.stderr]) {
    if (!stream) continue
    createInterface({ input: stream }).on('line', (line) => options.onLine(spec.name, line))
  }
  const release = stopWith(child, options.signal)
  try {
    const [code, name] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
    return { code: code ?? 1, cause: name ?? `exit status ${code}` }
  } catch (error) {
    return { code: 1, cause: String(error) }
  } finally {
    release()
  }
}

/** SIGTERM when the signal is aborted, SIGKILL when that does not help. */
function stopWith(child: ChildProcess, signal: AbortSignal): () => void {
  let timer: NodeJS.Timeout | undefined
  const stop = () => {
    child.kill('SIGTERM')
    timer = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs)
  }
  if (signal.aborted) stop()
  else signal.addEventListener('abort', stop, { once: true })
  return () => {
    clearTimeout(timer)
    signal.removeEventListener('abort', stop)
  }
}
