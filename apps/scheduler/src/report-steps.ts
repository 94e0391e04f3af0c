import type { Logger } from '@backstream/kernel'
import type { CatchUpStep, ReconcileStep } from '@backstream/queue'

/** Logs what a reconcile did; what it left alone, and because of whom, only when that changes. */
export function reportSteps(
  logger: Logger,
): (report: {
  readonly steps: readonly ReconcileStep[]
  readonly strangers: readonly string[]
}) => void {
  let lastWarning = ''
  return ({ steps, strangers }) => {
    for (const step of steps) reportStep(logger, step)
    const warning = strangers.join(', ')
    if (warning !== '' && warning !== lastWarning) {
      logger.warn(
        { schedulers: strangers },
        `another scheduler of this name runs a different configuration: ${warning}. Schedules are added here, and none is changed or removed until there is one configuration`,
      )
    }
    lastWarning = warning
  }
}

function reportStep(logger: Logger, step: ReconcileStep): void {
  const { kind, plan } = step
  switch (kind) {
    case 'added':
    case 'changed':
      logger.info({ plan, next: iso(step.nextMs) }, `schedule of ${plan} ${kind}`)
      break
    case 'armed-again':
      logger.warn(
        { plan, next: iso(step.nextMs) },
        `schedule of ${plan} had no next run: armed again`,
      )
      break
    case 'removed':
      logger.info({ plan, queue: step.queue }, `schedule of ${plan} removed from ${step.queue}`)
      break
    case 'missed-run-dropped':
      logger.warn(
        { plan, due: iso(step.dueAtMs) },
        `the run of ${plan} due at ${iso(step.dueAtMs)} was missed and is too old to catch up on`,
      )
      break
    case 'failed':
    case 'kept':
      // The one is logged where it happened, the other is told by who is in the way.
      logger.debug({ plan }, `schedule of ${plan} ${kind}`)
      break
  }
}

export function reportCatchUps(logger: Logger, steps: readonly CatchUpStep[]): void {
  for (const { kind, plan, dueAtMs } of steps) {
    const due = iso(dueAtMs)
    const words =
      kind === 'caught-up'
        ? `the bucket has no backup of ${plan} since the run that was due at ${due}: catching up`
        : `the run of ${plan} due at ${due} was missed and is too old to catch up on`
    logger.warn({ plan, due }, words)
  }
}

function iso(ms: number): string {
  return new Date(ms).toISOString()
}
