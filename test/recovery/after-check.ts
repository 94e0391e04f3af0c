/**
 * What must be true after every blow, whatever it was: see docs/reliability.md. Each sentence that is
 * returned is a broken promise.
 */
import { waitFor } from '@backstream/testkit'
import { auditBucket, type BucketAudit } from './audit-bucket.ts'
import { type AuditedJob, auditQueue, type QueueAudit } from './audit-queue.ts'
import type { AuditStore } from './audit-store.ts'
import type { Stand } from './stand.ts'

export interface AfterCheck {
  readonly problems: readonly string[]
  /** Objects and uploads that clean-ups had left, before the sweep. */
  readonly leftForSweep: number
  /** Whether the run that was struck made one. */
  readonly hasBackup: boolean
}

export interface AfterCheckOptions {
  readonly plan: string
  readonly store: AuditStore
  /** The run that was struck. */
  readonly jobId: string
  readonly failsWith: RegExp | null
  readonly mayLoseRun: boolean
}

/** A bound against hanging; clean-ups that failed are tried again after a minute. */
const settledWithinMs = 150_000
const endedWithinMs = 90_000

export async function checkAfter(stand: Stand, options: AfterCheckOptions): Promise<AfterCheck> {
  const { plan, jobId } = options
  const struck = await endOfRun(stand, jobId)
  const next = await runAgain(stand, plan)
  await settle(stand, plan)
  await waitForSchedule(stand, plan)
  const before = await audit(stand, options)
  const swept = before.orphans.length > 0 ? await sweep(stand) : []
  const after = before.orphans.length > 0 ? await audit(stand, options) : before
  const queue = await auditQueue(stand.redis.url, stand.name)
  return {
    leftForSweep: before.orphans.length,
    hasBackup: after.backups.some((backup) => backup.jobId === jobId),
    problems: [
      ...problemsOfRun(struck, after, options),
      ...problemsOfNext(next, after, plan),
      ...strangers(after, { plan, expected: [jobId, next.id] }),
      ...after.orphans.map((key) => `nothing accounts for ${key}`),
      ...after.broken.map((problem) => `not whole: ${problem}`),
      ...after.duplicates.map((problem) => `twice: ${problem}`),
      ...problemsOfQueue(queue, plan),
      ...swept,
    ],
  }
}

/** The run when the queue has done with it; undefined when nobody knows it any more. */
export async function endOfRun(stand: Stand, jobId: string): Promise<AuditedJob | undefined> {
  let misses = 0
  const end = await waitFor(
    async () => {
      const queue = await auditQueue(stand.redis.url, stand.name).catch(() => null)
      if (!queue) return null
      const job = queue.jobs.find(({ id }) => id === jobId)
      misses = job ? 0 : misses + 1
      if (misses > 2) return 'gone'
      return job && (job.state === 'completed' || job.state === 'failed') ? job : null
    },
    { timeoutMs: endedWithinMs, what: `the end of run ${jobId}` },
  )
  return end === 'gone' ? undefined : end
}

async function runAgain(stand: Stand, plan: string): Promise<AuditedJob> {
  const ref = await stand.producer.enqueueRun({ plan: stand.planNamed(plan), trigger: 'manual' })
  const job = await endOfRun(stand, ref.jobId)
  if (!job) throw new Error(`the next run ${ref.jobId} is gone`)
  return job
}

/** Until nothing of the plan is under way: clean-ups, requests that are still being answered. */
async function settle(stand: Stand, plan: string): Promise<void> {
  let seen = -1
  let calmLooks = 0
  await waitFor(
    async () => {
      const queue = await auditQueue(stand.redis.url, stand.name)
      const isBusy = queue.jobs.some((job) => job.plan === plan && isUnderWay(job))
      const begun = stand.workers.reduce((sum, { s3 }) => sum + s3.requests, 0)
      const underWay = stand.workers.reduce((sum, { s3 }) => sum + s3.underWay, 0)
      const isCalm = !isBusy && underWay === 0 && begun === seen
      seen = begun
      calmLooks = isCalm ? calmLooks + 1 : 0
      return calmLooks >= 6
    },
    { timeoutMs: settledWithinMs, what: `clean-ups of ${plan} to end` },
  )
}

/** A scheduler that has to bring back all of them does so within a minute; a check says if not. */
async function waitForSchedule(stand: Stand, plan: string): Promise<void> {
  const isBack = async () =>
    (await auditQueue(stand.redis.url, stand.name)).scheduled.includes(plan)
  await waitFor(isBack, { timeoutMs: 60_000, what: 'the schedule' }).catch(() => undefined)
}

export function isUnderWay(job: AuditedJob): boolean {
  return job.state !== 'completed' && job.state !== 'failed' && !job.isArmed
}

async function audit(stand: Stand, options: AfterCheckOptions): Promise<BucketAudit> {
  return await auditBucket(options.store, {
    plan: options.plan,
    contentOf: () => stand.content.sha256,
  })
}

/** One sweep without a grace; why it did not go well, if it did not. */
export async function sweep(stand: Stand): Promise<string[]> {
  const { code, stderr } = await stand.backstream(['sweep', '--grace', '0s', '--confirm'])
  return code === 0 ? [] : [`the sweep ended with ${code}: ${stderr.trim()}`]
}

function problemsOfRun(
  job: AuditedJob | undefined,
  bucket: BucketAudit,
  { jobId, failsWith, mayLoseRun }: AfterCheckOptions,
): string[] {
  const made = bucket.backups.filter((backup) => backup.jobId === jobId)
  if (!job) return mayLoseRun ? [] : [`the run ${jobId} is gone from the queue`]
  if (job.state === 'failed') {
    return [
      ...(failsWith?.test(job.failedReason) ? [] : [`the run failed: ${job.failedReason}`]),
      ...made.map(({ backup }) => `the run is said to have failed, but made ${backup}`),
    ]
  }
  const said = job.result
  if (failsWith) return ['the run is said to have been completed']
  if (said?.outcome !== 'committed') return [`the run ended ${JSON.stringify(said)}`]
  return made.some(({ backup }) => backup === said.backup)
    ? []
    : [`the run is said to have made ${said.backup}, which is not there`]
}

function problemsOfNext(job: AuditedJob, bucket: BucketAudit, plan: string): string[] {
  if (job.state !== 'completed' || job.result?.outcome !== 'committed') {
    return [`the next run of ${plan} ended ${job.failedReason || JSON.stringify(job.result)}`]
  }
  const made = bucket.backups.find(({ jobId }) => jobId === job.id)
  if (!made) return ['the next run is said to have made a backup that is not there']
  const higher = bucket.backups.filter(
    ({ fence, jobId }) => jobId !== job.id && fence >= made.fence,
  )
  return higher.map(({ backup }) => `the next run has no higher fence than ${backup}`)
}

function strangers(
  bucket: BucketAudit,
  { plan, expected }: { readonly plan: string; readonly expected: readonly string[] },
): string[] {
  return bucket.backups
    .filter(({ jobId }) => !expected.includes(jobId))
    .map(({ backup, jobId }) => `${plan}/${backup} is of a run ${jobId} that nobody started`)
}

function problemsOfQueue(queue: QueueAudit, plan: string): string[] {
  return [
    ...queue.held.filter((key) => key.includes(plan)).map((key) => `${key} is still held`),
    ...(queue.scheduled.includes(plan) ? [] : [`${plan} has no schedule any more`]),
    ...queue.jobs
      .filter((job) => job.queue === 'maintenance' && job.plan === plan && job.state === 'failed')
      .map((job) => `a clean-up failed for good: ${job.failedReason}`),
  ]
}
