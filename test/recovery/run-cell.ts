import { systemClock } from '@backstream/kernel'
import { type AfterCheck, checkAfter, endOfRun } from './after-check.ts'
import { type AuditedJob, auditQueue } from './audit-queue.ts'
import type { AuditStore } from './audit-store.ts'
import type { Blow } from './blows.ts'
import { failOnce, faultAt, type Phase, setTrap } from './phases.ts'
import { breakSource } from './source-gate.ts'
import type { Stand } from './stand.ts'

export interface Cell {
  readonly phase: Phase
  readonly blow: Blow
}

export interface CellResult extends Cell {
  /** How the run that was struck ended; of one that its queue has forgotten the bucket tells. */
  readonly outcome:
    | 'committed'
    | 'failed'
    | 'committed, forgotten'
    | 'cleaned, forgotten'
    | 'unknown'
  /** Broken promises; none when all is well. */
  readonly problems: readonly string[]
  readonly leftForSweep: number
  readonly seconds: number
}

const struckWithinMs = 60_000

/** Strikes one run of a plan that nobody else uses, and looks at what it left. Never rejects. */
export async function runCell(
  stand: Stand,
  { phase, blow }: Cell,
  given: { readonly plan: string; readonly store: AuditStore },
): Promise<CellResult> {
  const startedAtMs = systemClock.monotonicMs()
  const problems: string[] = []
  let outcome: CellResult['outcome'] = 'unknown'
  let leftForSweep = 0
  try {
    const jobId = await strike(stand, { phase, blow, plan: given.plan, problems })
    const job = await endOfRun(stand, jobId)
    await allReady(stand)
    const check = await checkAfter(stand, {
      ...given,
      jobId,
      failsWith: blow.failsWith ?? null,
      mayLoseRun: blow.mayLoseRun ?? false,
    })
    leftForSweep = check.leftForSweep
    outcome = outcomeOf(job, check)
    problems.push(...check.problems)
    for (const { name, falls } of [...stand.workers, ...stand.schedulers]) {
      if (falls > 0) problems.push(`${name} ended by itself`)
    }
  } catch (error) {
    problems.push(error instanceof Error ? error.message : String(error))
  } finally {
    for (const { s3, redis } of stand.workers) {
      s3.clear()
      redis.thaw()
    }
  }
  const seconds = (systemClock.monotonicMs() - startedAtMs) / 1000
  return { phase, blow, outcome, problems, leftForSweep, seconds }
}

function outcomeOf(
  job: AuditedJob | undefined,
  { hasBackup }: Pick<AfterCheck, 'hasBackup'>,
): CellResult['outcome'] {
  if (job) return job.state === 'completed' ? 'committed' : 'failed'
  return hasBackup ? 'committed, forgotten' : 'cleaned, forgotten'
}

interface Striking extends Cell {
  readonly plan: string
  readonly problems: string[]
}

/** Starts a run and strikes it; the job's id. */
async function strike(stand: Stand, { phase, blow, plan, problems }: Striking): Promise<string> {
  if (!blow.strike && !blow.store) {
    await breakSource(stand.folderOf(plan), true)
    const jobId = await startRun(stand, plan)
    await endOfRun(stand, jobId)
    await breakSource(stand.folderOf(plan), false)
    return jobId
  }
  if (blow.store) return await strikeStore(stand, { phase, blow, plan, problems })
  const trap = await setTrap(stand, plan, phase)
  const jobId = await startRun(stand, plan)
  const halt = await within(trap.struck, phase)
  problems.push(...(await missingLease(stand, plan)))
  await blow.strike?.({ stand, plan, halt, ended: () => endOfRun(stand, jobId) })
  await endOfRun(stand, jobId)
  await halt.drop()
  return jobId
}

async function strikeStore(stand: Stand, { phase, blow, plan }: Striking): Promise<string> {
  const { action, times } = blow.store ?? { action: { delayMs: 0 }, times: 0 }
  const fault = { ...faultAt(phase, plan, action), times }
  const handles = stand.workers.map(({ s3 }) => s3.add(fault))
  const failed = phase.isAfterFailure ? failOnce(stand, plan) : undefined
  const jobId = await startRun(stand, plan)
  await within(Promise.all([failed, Promise.race(handles.map(({ struck }) => struck))]), phase)
  await endOfRun(stand, jobId)
  for (const handle of handles) handle.drop()
  return jobId
}

async function startRun(stand: Stand, plan: string): Promise<string> {
  const ref = await stand.producer.enqueueRun({ plan: stand.planNamed(plan), trigger: 'manual' })
  return ref.jobId
}

async function within<T>(struck: Promise<T>, phase: Phase): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    const error = new Error(`the run never came to the phase "${phase.name}"`)
    timer = setTimeout(() => reject(error), struckWithinMs)
  })
  return await Promise.race([struck, late]).finally(() => clearTimeout(timer))
}

/** The check that no lease is held at the end is worth something only if leases can be seen. */
async function missingLease(stand: Stand, plan: string): Promise<string[]> {
  const { held } = await auditQueue(stand.redis.url, stand.name)
  return [
    ...(held.some((key) => key.endsWith(`:${plan}`)) ? [] : [`no lease of ${plan} is to be seen`]),
    ...(held.some((key) => key.includes(`place of ${plan}`)) ? [] : [`${plan} has no place`]),
  ].map((problem) => `${problem} while its run is under way`)
}

/** Workers that were killed are back, as a supervisor would see to. */
async function allReady(stand: Stand): Promise<void> {
  const machines = [...stand.workers, ...stand.schedulers]
  for (const machine of machines) machine.start()
  await Promise.all(machines.map((machine) => machine.ready()))
}
