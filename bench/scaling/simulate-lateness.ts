import { nextRun, type Schedule } from '@backstream/config'
import { seededRandom } from '@backstream/testkit'

export interface Installation {
  readonly plans: number
  readonly schedule: Schedule
  /** Runs at a time, of all workers together. */
  readonly places: number
  /** Log-normal: half of the runs take less. */
  readonly medianRunMs: number
  readonly sigma: number
  readonly days: number
  readonly seed: number
}

export interface Lateness {
  readonly runs: number
  /** How long after its due time a run began. */
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
  /** Of the time of all places. */
  readonly utilization: number
  /** Runs that were due while the one before of the same plan was not done: with `overlap: skip`. */
  readonly skipped: number
}

const dayMs = 86_400_000

/**
 * Days of an installation on a clock that jumps from event to event: due times from the plans' real
 * schedules with their jitter, one line for all, first come first served, as the queue has it.
 */
export function simulateLateness(installation: Installation): Lateness {
  const { places, medianRunMs, sigma, days, seed } = installation
  const random = seededRandom(seed)
  const freeAt = new Array<number>(places).fill(0)
  const busyUntil = new Map<string, number>()
  const late: number[] = []
  let busyMs = 0
  let skipped = 0
  for (const { plan, dueMs } of dueTimes(installation)) {
    if ((busyUntil.get(plan) ?? 0) > dueMs) {
      skipped++
      continue
    }
    const place = freeAt.indexOf(Math.min(...freeAt))
    const startMs = Math.max(dueMs, freeAt[place] ?? 0)
    const runMs = medianRunMs * Math.exp(sigma * normal(random))
    freeAt[place] = startMs + runMs
    busyUntil.set(plan, startMs + runMs)
    busyMs += runMs
    late.push(startMs - dueMs)
  }
  late.sort((a, b) => a - b)
  const at = (part: number) => late[Math.min(late.length - 1, Math.floor(late.length * part))] ?? 0
  return {
    ...{ runs: late.length, p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1), skipped },
    utilization: busyMs / (places * days * dayMs),
  }
}

const beginMs = Date.UTC(2026, 10, 1)

function dueTimes({ plans, schedule, days }: Installation): { plan: string; dueMs: number }[] {
  const due: { plan: string; dueMs: number }[] = []
  for (let number = 0; number < plans; number++) {
    const plan = `plan-${number}`
    const end = beginMs + days * dayMs
    for (let at = nextRun(schedule, plan, beginMs); at < end; at = nextRun(schedule, plan, at)) {
      due.push({ plan, dueMs: at })
    }
  }
  return due.sort((a, b) => a.dueMs - b.dueMs)
}

function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}
