import { type GlanceMemory, listUnknownPlans, readGlances } from '@backstream/backup'
import type { Config } from '@backstream/config'
import type { Storage } from '@backstream/storage'

/** Something in a bucket that the configuration neither has nor names as retired. */
export interface UnknownPlan {
  readonly plan: string
  /** Name of the storage. */
  readonly storage: string
  readonly backups: number
  readonly newestFinishedAtMs: number | null
}

export interface UnknownLookOptions {
  readonly config: Config
  readonly openStorage: (name: string) => Promise<Storage>
}

type Look = (storage: string, signal: AbortSignal) => Promise<UnknownPlan[]>

/** Asks one storage for such plans, and remembers what it has read of them. */
export function createUnknownLook({ config, openStorage }: UnknownLookOptions): Look {
  const memories = new Map<string, GlanceMemory>()
  const plans = new Set([...config.plans.map((plan) => plan.name), ...config.retired])

  async function describe(storage: Storage, plan: string, signal: AbortSignal) {
    const key = `${storage.location}/${plan}`
    const memory = memories.get(key) ?? new Map()
    memories.set(key, memory)
    const { glances } = await readGlances(storage, plan, { memory, signal })
    const newestFinishedAtMs = glances[0]?.finishedAtMs ?? null
    return { plan, backups: glances.length, newestFinishedAtMs }
  }

  return async (name, signal) => {
    try {
      const storage = await openStorage(name)
      const unknown = await listUnknownPlans(storage, { installation: config.name, plans }, signal)
      const described = await Promise.all(unknown.map((plan) => describe(storage, plan, signal)))
      return described.map((about) => ({ ...about, storage: name }))
    } catch {
      // Each plan's row says already that this bucket cannot be read.
      return []
    }
  }
}
