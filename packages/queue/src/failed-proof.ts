import type { Job } from 'bullmq'
import { planOfJob } from './run-summary.ts'
import { armedForOf } from './upkeep.ts'

/** A verification or drill that used up its attempts, whatever it found or could not find. */
export interface FailedProof {
  readonly plan: string
  readonly kind: 'verify' | 'verify-deep' | 'drill'
  /** When it was due, or asked for. */
  readonly sinceMs: number
  readonly why: string
}

/** Null for every other job. */
export function failedProofOf(job: Job): FailedProof | null {
  const kind = kindOf(job)
  const plan = planOfJob(job)
  if (kind === null || plan === undefined) return null
  const sinceMs = armedForOf(job.id) ?? job.timestamp
  return { plan, kind, sinceMs, why: job.failedReason || 'failed without saying why' }
}

function kindOf({ name, data }: Job): FailedProof['kind'] | null {
  if (name === 'backup.drill') return 'drill'
  if (name !== 'backup.verify') return null
  return (data as { readonly depth?: unknown }).depth === 'deep' ? 'verify-deep' : 'verify'
}
