/**
 * Makes the job schedulers in Redis what the plans say.
 *
 * Reads first and writes only what differs: BullMQ drops a scheduler's due run when the scheduler is
 * written again. What is written goes through `armSchedule`, which leaves a due run to run. A schedule
 * that has nothing armed, however that came about, is armed again. Several of these at once, in any
 * number of processes, do no harm; a short lock keeps them from doing the same work.
 */
import { randomUUID } from 'node:crypto'
import { describeError } from '@backstream/kernel'
import {
  armSchedule,
  isAsWanted,
  type ScheduledPlan,
  type WantedSchedule,
  wantedSchedule,
} from './arm-schedule.ts'
import { lateMs, mayCatchUp } from './missed-run.ts'
import { type Link, linkOf, type QueueConnection } from './open-connection.ts'
import { owe } from './owed-catch-ups.ts'
import { knownQueues, noteQueues, queueNamesOf } from './queue-names.ts'
import { jobAt, listSchedulers, readSchedule, type ScheduleState } from './read-schedule.ts'
import { removeSchedule } from './remove-schedule.ts'
import { translateError } from './translate-error.ts'

export interface ReconcileRequest {
  readonly plans: readonly ScheduledPlan[]
  /**
   * Both false while another live scheduler of this installation runs a different configuration: then
   * only what is missing is added, since the two would undo each other's work for ever.
   */
  readonly mayChange: boolean
  readonly mayRemove: boolean
}

export type ReconcileStep =
  | {
      readonly kind: 'added' | 'changed' | 'armed-again'
      readonly plan: string
      readonly nextMs: number
    }
  | { readonly kind: 'removed' | 'kept'; readonly plan: string; readonly queue: string }
  /** A run that was missed for longer than the plan's `catchUp` allows. */
  | { readonly kind: 'missed-run-dropped'; readonly plan: string; readonly dueAtMs: number }
  | { readonly kind: 'failed'; readonly plan: string; readonly error: unknown }

/** Returns what was done, in order; null when another process is at it right now. */
export async function reconcileSchedules(
  connection: QueueConnection,
  request: ReconcileRequest,
): Promise<ReconcileStep[] | null> {
  const link = linkOf(connection)
  const key = link.key('reconciling')
  const token = randomUUID()
  try {
    if ((await link.redis.set(key, token, 'PX', lockMs, 'NX')) !== 'OK') return null
    try {
      return await reconcile(link, request)
    } finally {
      await link.redis.eval(unlockScript, 1, key, token)
    }
  } catch (error) {
    throw translateError(error, link.address)
  }
}

const lockMs = 30_000
const unlockScript = `
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0`

async function reconcile(link: Link, request: ReconcileRequest): Promise<ReconcileStep[]> {
  await noteQueues(link, queueNamesOf(request.plans))
  const wanted = new Map<string, WantedSchedule>()
  for (const plan of request.plans) {
    const schedule = wantedSchedule(plan)
    if (schedule) wanted.set(plan.name, schedule)
  }
  const steps: ReconcileStep[] = []
  for (const schedule of wanted.values()) {
    const step = await bringAbout(link, schedule, request).catch(
      (error: unknown): ReconcileStep => {
        link.logger.error(
          { plan: schedule.plan, err: error },
          `schedule of ${schedule.plan}: ${describeError(error)}`,
        )
        return { kind: 'failed', plan: schedule.plan, error }
      },
    )
    if (step) steps.push(step)
  }
  // After the additions: a run that is due in a queue a plan has left finds its new schedule there.
  steps.push(...(await removeOthers(link, wanted, request)))
  return steps
}

async function bringAbout(
  link: Link,
  wanted: WantedSchedule,
  { mayChange }: ReconcileRequest,
): Promise<ReconcileStep | null> {
  const { plan } = wanted
  const state = await readSchedule(link, wanted.queue, plan)
  if (state.nextMs === null || state.jobName === null) {
    // Before it is armed: a process that dies in between leaves a schedule to be added again.
    await owe(link, plan)
    return { kind: 'added', plan, nextMs: await armSchedule(link, wanted) }
  }
  if (!isAsWanted(state, wanted)) {
    if (!mayChange) return { kind: 'kept', plan, queue: wanted.queue }
    return { kind: 'changed', plan, nextMs: await armSchedule(link, wanted) }
  }
  if (state.armed === 'finished' || state.armed === 'missing' || state.armed === 'overrun') {
    return { kind: 'armed-again', plan, nextMs: await armSchedule(link, wanted) }
  }
  return await judgeLateRun(link, wanted, state)
}

async function judgeLateRun(
  link: Link,
  wanted: WantedSchedule,
  state: ScheduleState,
): Promise<ReconcileStep | null> {
  const { plan } = wanted
  const dueAtMs = state.nextMs ?? 0
  const lateByMs = link.clock.now() - dueAtMs
  if (state.armed !== 'delayed' || lateByMs <= lateMs) return null
  const job = await jobAt(link, wanted, dueAtMs)
  // Delayed for another attempt: it has been taken, so it was not missed.
  if (!job || job.attemptsStarted > 0) return null
  // Delayed still: no worker was there to put it into line when it was due.
  if (!mayCatchUp(wanted, dueAtMs, link.clock.now())) {
    await link.queue(wanted.queue).removeJobScheduler(plan)
    await armSchedule(link, wanted)
    return { kind: 'missed-run-dropped', plan, dueAtMs }
  }
  if (job.data.trigger !== 'catchup') await job.updateData({ ...wanted.data, trigger: 'catchup' })
  return null
}

async function removeOthers(
  link: Link,
  wanted: ReadonlyMap<string, WantedSchedule>,
  { mayRemove }: ReconcileRequest,
): Promise<ReconcileStep[]> {
  const steps: ReconcileStep[] = []
  for (const queue of await knownQueues(link)) {
    for (const plan of await listSchedulers(link, queue)) {
      const moved = wanted.get(plan)
      if (moved?.queue === queue) continue
      if (mayRemove) await removeSchedule(link, { queue, plan, moved: moved ?? null })
      steps.push({ kind: mayRemove ? 'removed' : 'kept', plan, queue })
    }
  }
  return steps
}
