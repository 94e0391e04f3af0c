/**
 * What the buckets say of every plan, kept in memory as glances and read anew again and again. A
 * bucket that cannot be read leaves nothing standing of what it said before.
 */
import {
  type GlanceCache,
  type GlanceMemory,
  type PlanGlances,
  readGlances,
} from '@backstream/backup'
import type { Plan } from '@backstream/config'
import { type Clock, describeError, type Logger } from '@backstream/kernel'
import { isStorageError } from '@backstream/storage'
import { createUnknownLook, type UnknownLookOptions, type UnknownPlan } from './unknown-look.ts'

/** `problem`: why the bucket could not be read; null together with `glances`: not looked at yet. */
export interface PlanLook {
  readonly glances: PlanGlances['glances'] | null
  readonly unreadable: number
  readonly problem: string | null
  readonly asOfMs: number | null
}

export interface BucketLooks {
  of(plan: string): PlanLook
  /** Plans that have backups and are not configured. */
  unknownPlans(): readonly UnknownPlan[]
  /** All plans; what is found is known at once, plan by plan. Never rejects. */
  readAll(): Promise<void>
  readPlan(plan: Plan): Promise<void>
}

export interface BucketLooksOptions extends UnknownLookOptions {
  /** Where many backups are found sooner than one by one. */
  readonly cache?: GlanceCache
  readonly clock: Clock
  readonly logger: Logger
}

const plansAtATime = 12
const stallMs = 20_000
const unread: PlanLook = { glances: null, unreadable: 0, problem: null, asOfMs: null }

export function createBucketLooks(options: BucketLooksOptions): BucketLooks {
  const { config, openStorage, cache, clock, logger } = options
  const looks = new Map<string, PlanLook>()
  const memories = new Map<string, GlanceMemory>()
  const unknown = new Map<string, readonly UnknownPlan[]>()
  const lookForUnknown = createUnknownLook(options)

  async function readPlan(plan: Plan, signal?: AbortSignal, onProgress = () => {}): Promise<void> {
    const memory = memories.get(plan.name) ?? new Map()
    memories.set(plan.name, memory)
    const storage = await openStorage(plan.storage)
    const reading = { memory, onProgress, ...(cache && { cache }), ...(signal && { signal }) }
    const found = await readGlances(storage, plan.name, reading)
    const { glances, unreadable } = found
    const asOfMs = clock.now()
    looks.set(plan.name, { glances, unreadable: unreadable.length, problem: null, asOfMs })
  }

  function lose(plans: readonly Plan[], error: unknown): void {
    const problem = describeError(error)
    logger.warn({ err: error }, `overview: ${problem}`)
    const look = { ...unread, problem, asOfMs: clock.now() }
    for (const { name } of plans) looks.set(name, look)
  }

  async function readStorage(name: string, plans: readonly Plan[]): Promise<void> {
    using stall = watchForStall()
    const left = [...plans]
    const walk = async () => {
      for (let plan = left.shift(); plan; plan = left.shift()) {
        try {
          await readPlan(plan, stall.signal, stall.onProgress)
        } catch (error) {
          lose([plan], error)
          // What ails one plan's listing ails the others: none waits for its own timeout.
          if (stall.signal.aborted || isStorageError(error)) lose(left.splice(0), error)
        }
      }
    }
    await Promise.all(Array.from({ length: plansAtATime }, walk))
    unknown.set(name, await lookForUnknown(name, stall.signal))
  }

  return {
    of: (plan) => looks.get(plan) ?? unread,
    unknownPlans: () => [...unknown.values()].flat(),
    async readAll() {
      const byStorage = Map.groupBy(config.plans, ({ storage }) => storage)
      const names = new Set([...Object.keys(config.storages), ...byStorage.keys()])
      await Promise.all([...names].map((name) => readStorage(name, byStorage.get(name) ?? [])))
    },
    async readPlan(plan) {
      await readPlan(plan).catch((error: unknown) => lose([plan], error))
    },
  }
}

/** Aborts when nothing has come for a while: a slow bucket is waited for, a silent one is not. */
function watchForStall(): {
  readonly signal: AbortSignal
  readonly onProgress: () => void
} & Disposable {
  const silence = new AbortController()
  const seconds = stallMs / 1000
  const timer = setTimeout(
    () => silence.abort(new Error(`the bucket has not answered for ${seconds} s`)),
    stallMs,
  )
  return {
    signal: silence.signal,
    onProgress: () => void timer.refresh(),
    [Symbol.dispose]: () => clearTimeout(timer),
  }
}
