import {
  carryOutRestore,
  type ExtractReport,
  emptyReport,
  notRestored,
  RateMeter,
  type RestorePlan,
  type RestoreStep,
} from '@backstream/backup'
import { describeDuration, formatBytes } from '@backstream/config'
import { BackstreamError } from '@backstream/kernel'
import type { Storage } from '@backstream/storage'
import type { Session } from '../command-context.ts'
import { openProgressView } from '../output/progress-view.ts'
import { RestoreFailure } from '../output/restore-failure.ts'

export interface CarriedOut {
  readonly done: ExtractReport
  readonly fetchedBytes: number
  readonly durationMs: number
}

export interface CarryOutRequest {
  readonly storage: Storage
  readonly plan: RestorePlan
  /** It replaces what a source has: a failure leaves that half restored. */
  readonly isOverSource?: boolean
}

const showEveryMs = 200

/** A restore with its progress on the terminal; one that fails says how far it came. */
export async function carryOut(
  session: Session,
  { storage, plan, isOverSource = false }: CarryOutRequest,
): Promise<CarriedOut> {
  const { manifest } = plan.order
  const report = emptyReport()
  const startedAtMs = session.clock.monotonicMs()
  const view = await openProgressView({ ...session, stream: session.stderr })
  const rate = new RateMeter(session.clock)
  let step: RestoreStep | undefined
  const timer = setInterval(() => {
    if (step) view.set(manifest.plan, stateOf(step, rate))
  }, showEveryMs)
  try {
    const onStep = (next: RestoreStep) => {
      step = next
    }
    const { fetchedBytes } = await carryOutRestore(storage, plan, { report, onStep })
    const durationMs = session.clock.monotonicMs() - startedAtMs
    return { done: report, fetchedBytes, durationMs }
  } catch (error) {
    view.stop()
    throw await failureOf(error, { storage, plan, report, isOverSource })
  } finally {
    clearInterval(timer)
    view.stop()
  }
}

function stateOf({ bytes, bytesTotal, entries }: RestoreStep, rate: RateMeter) {
  const { bytesPerSecond, etaSeconds } = rate.look(bytes, bytesTotal)
  const left = etaSeconds === null ? '' : `, ${describeDuration(etaSeconds * 1000)} left`
  const far = `${formatBytes(bytes)} of ${formatBytes(bytesTotal)}, ${entries} entries`
  return {
    percent: bytesTotal === 0 ? null : (100 * bytes) / bytesTotal,
    text: `${far}, ${formatBytes(bytesPerSecond)}/s${left}`,
  }
}

/** What was interrupted is no failure of the backup; anything else says what is not restored. */
async function failureOf(
  error: unknown,
  at: {
    readonly storage: Storage
    readonly plan: RestorePlan
    readonly report: ExtractReport
    readonly isOverSource: boolean
  },
): Promise<unknown> {
  if (!(error instanceof BackstreamError) || error.code === 'restore-target') return error
  const missing: string[] = []
  try {
    for await (const path of notRestored(at.storage, at.plan, at.report)) missing.push(path)
  } catch {
    // The index cannot be read either: the error says enough, and the names stay unknown.
  }
  return new RestoreFailure(error, { ...at, missing })
}
