import { describeError } from '@backstream/kernel'
import { isStorageError } from '@backstream/storage'
import type { SweepReport, SweptAttempt } from './sweep-request.ts'

/** Collects what a sweep finds and does. */
export class SweepTally {
  readonly swept: SweptAttempt[] = []
  readonly waiting: { ref: string; why: string }[] = []
  readonly manifestGone: string[] = []
  readonly unreadable: string[] = []
  readonly locked: string[] = []
  readonly failures: { ref: string; message: string }[] = []
  readonly unknownPlans: string[] = []
  readonly foreign: string[] = []

  /** What is locked is no failure: nobody can do anything about it before its time. */
  fail(ref: string, error: unknown): void {
    if (isStorageError(error, 'locked')) this.locked.push(ref)
    else this.failures.push({ ref, message: describeError(error) })
  }

  report(outcome: SweepReport['outcome']): SweepReport {
    const { swept, waiting, manifestGone, unreadable, locked } = this
    const { failures, unknownPlans, foreign } = this
    const bytes = swept.reduce((total, one) => total + one.bytes, 0)
    return {
      ...{ outcome, swept, bytes, waiting, manifestGone, unreadable },
      ...{ locked, failures, unknownPlans, foreign },
    }
  }
}
