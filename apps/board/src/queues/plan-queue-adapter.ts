/**
 * A queue as Bull Board may touch it. The page's requests end here whatever its handlers do, so this
 * is where a typed job becomes a proper run, a retry gets its full set of attempts, and a schedule
 * cannot be stopped: not by promoting or removing the run it is waiting on, not by an edit.
 */
import { describeSchedule, type Plan } from '@backstream/config'
import type { Logger } from '@backstream/kernel'
import { type BoardQueue, QueueError, type RunProducer } from '@backstream/queue'
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter'
import { BoardError } from '../board-error.ts'
import { runFormSchema } from './run-form-schema.ts'
import { readTypedRun } from './typed-run.ts'

type QueueJob = NonNullable<Awaited<ReturnType<BullMQAdapter['getJob']>>>

export type RunStarter = Pick<RunProducer, 'enqueueRun' | 'retryRun'>

export interface PlanQueueOptions {
  readonly queue: BoardQueue
  /** The plans this queue serves. */
  readonly plans: readonly Plan[]
  readonly producer: RunStarter
  readonly logger: Logger
  readonly isReadOnly: boolean
  readonly description: string
}

export class PlanQueueAdapter extends BullMQAdapter {
  readonly #options: PlanQueueOptions

  constructor(options: PlanQueueOptions) {
    const { queue, plans, isReadOnly, description } = options
    const settings = {
      readOnlyMode: isReadOnly,
      allowRetries: !isReadOnly,
      // A run that made its backup has nothing to be retried.
      allowCompletedRetries: false,
      description,
      ...(plans.length > 0 && { jobDataSchema: runFormSchema(plans.map(({ name }) => name)) }),
    }
    super(queue, settings)
    this.#options = options
    this.setFormatter('name', describeJob)
  }

  /** So that the page does not offer one. */
  override get supportsGlobalRateLimit(): boolean {
    return false
  }

  override async addJob(_name: string, data: unknown, options: unknown): Promise<QueueJob> {
    const { queue, plans, logger } = this.#options
    const { plan, pin, dropped } = readTypedRun({ data, options }, queue.name, plans)
    if (dropped.length > 0) {
      logger.warn({ plan: plan.name, options: dropped }, 'dropped options typed into add-job')
    }
    return this.#start(plan, pin)
  }

  override async runJobSchedulerNow(id: string): Promise<QueueJob | 'not-found'> {
    const scheduler = await this.#options.queue.getJobScheduler(id)
    if (scheduler === undefined) return 'not-found'
    const data: unknown = scheduler.template?.data
    const { plan } = readTypedRun({ data, options: {} }, this.getQueueName(), this.#options.plans)
    return this.#start(plan, false)
  }

  /** BullMQ's pattern holds the whole schedule as data; people get it in words. */
  override async getJobSchedulers(): ReturnType<BullMQAdapter['getJobSchedulers']> {
    const schedulers = await super.getJobSchedulers()
    return schedulers.map((scheduler) => {
      const plan = this.#options.plans.find(({ name }) => name === planOf(scheduler.template?.data))
      return plan?.schedule ? { ...scheduler, pattern: describeSchedule(plan.schedule) } : scheduler
    })
  }

  override async getJob(id: string): Promise<QueueJob | undefined> {
    const job = await super.getJob(id)
    return job && this.#guard(job)
  }

  override async getJobs(...args: Parameters<BullMQAdapter['getJobs']>): Promise<QueueJob[]> {
    const jobs = await super.getJobs(...args)
    return jobs.map((job) => this.#guard(job))
  }

  override async promoteAll(): Promise<void> {
    for (const job of await super.getJobs(['delayed'])) {
      if (!(await this.getArmedJobSchedulerId(job))) await job.promote()
    }
  }

  async #start(plan: Plan, pin: boolean): Promise<QueueJob> {
    const { producer } = this.#options
    const { jobId } = await producer.enqueueRun({ plan, trigger: 'manual', pin })
    const job = await this.getJob(jobId)
    if (job) return job
    throw new BoardError('refused', `The run of ${plan.name} was queued, and is already gone.`, {
      statusCode: 409,
    })
  }

  #guard(job: QueueJob): QueueJob {
    const promote = job.promote.bind(job)
    const remove = job.remove.bind(job)
    job.retry = () => this.#retry(job)
    job.remove = async () => {
      // BullMQ lets go of one whose worker has lost its lock, and that worker may yet come back.
      if ((await job.getState()) === 'active') throw conflict('A run under way cannot be removed.')
      await remove()
    }
    job.promote = async () => {
      if (await this.getArmedJobSchedulerId(job)) {
        throw conflict('This is the next run of a schedule. Use “Run now” on the schedules page.')
      }
      await promote()
    }
    return job
  }

  /** BullMQ's own retry leaves one attempt, without backoff. */
  async #retry({ id, data }: QueueJob): Promise<void> {
    const { producer, queue } = this.#options
    try {
      await producer.retryRun({ queue: queue.name, jobId: id ?? '', plan: planOf(data) ?? '' })
    } catch (error) {
      if (!(error instanceof QueueError && error.permanent)) throw error
      throw conflict(error.message, error)
    }
  }
}

function conflict(message: string, cause?: unknown): BoardError {
  return new BoardError('refused', message, { cause, statusCode: 409, permanent: true })
}

/** A job in a list: which plan, and why. Its data may be anything. */
function describeJob(job: { readonly name?: unknown; readonly data?: unknown }): string {
  const name = typeof job.name === 'string' ? job.name : ''
  const plan = planOf(job.data)
  if (plan === undefined) return name
  if (name !== 'backup.run') return `${plan} · ${name}`
  const { trigger } = job.data as { trigger?: unknown }
  return typeof trigger === 'string' ? `${plan} · ${trigger}` : plan
}

function planOf(data: unknown): string | undefined {
  const plan = typeof data === 'object' && data !== null && 'plan' in data ? data.plan : undefined
  return typeof plan === 'string' ? plan : undefined
}
