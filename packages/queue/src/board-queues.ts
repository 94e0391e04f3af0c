import { type BackupRunPayload, payloadSchemas, queueOfPlan } from '@backstream/jobs'
import type { Queue } from 'bullmq'
import { checkJob } from './check-job.ts'
import { type PlanRef, runJobOptions } from './job-options.ts'
import { linkOf, type QueueConnection } from './open-connection.ts'
import { QueueError } from './queue-error.ts'

/** A BullMQ queue, for Bull Board and nobody else. */
export type BoardQueue = Queue

/** They belong to the connection and are closed with it. */
export function openBoardQueues(
  connection: QueueConnection,
  names: readonly string[],
): readonly BoardQueue[] {
  const link = linkOf(connection)
  return names.map((name) => link.queue(name))
}

export interface AddJobRequest {
  readonly queue: string
  readonly name: string
  readonly data: unknown
}

/**
 * What may become of a job somebody typed: a run of a known plan, in that plan's queue, by hand. Every
 * option is the plan's own. Throws a permanent `QueueError` for anything else.
 */
export function sanitizeAddJob<P extends PlanRef>(
  request: AddJobRequest,
  plans: readonly P[],
): {
  readonly name: 'backup.run'
  readonly payload: BackupRunPayload
  readonly plan: P
  readonly options: ReturnType<typeof runJobOptions>
} {
  const checked = checkJob(request.name, request.data)
  if (checked.name !== 'backup.run') {
    throw new QueueError('unknown-job', `A ${checked.name} job cannot be added by hand`, {
      permanent: true,
    })
  }
  const plan = plans.find(({ name }) => name === checked.payload.plan)
  if (!plan) {
    throw new QueueError('unknown-plan', `There is no plan named ${checked.payload.plan}`, {
      permanent: true,
    })
  }
  if (queueOfPlan(plan) !== request.queue) {
    throw new QueueError('unknown-plan', `Runs of ${plan.name} belong in ${queueOfPlan(plan)}`, {
      permanent: true,
    })
  }
  const payload = payloadSchemas['backup.run'].parse({ ...checked.payload, trigger: 'manual' })
  return { name: 'backup.run', payload, plan, options: runJobOptions(plan) }
}
