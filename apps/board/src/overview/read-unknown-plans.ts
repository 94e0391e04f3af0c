import { listUnknownPlans, readStandings } from '@backstream/backup'
import type { Config } from '@backstream/config'
import type { Storage } from '@backstream/storage'
import type { UnknownPlan } from '../state/unknown-look.ts'

/** How many slots of such a plan are read: more than one shows that it was at work for a while. */
const newestSlots = 100

/**
 * Plans with something in a bucket that the configuration neither has nor names as retired. A storage
 * that does not answer has none to show; the plans that use it are UNKNOWN already.
 */
export async function readUnknownPlans(
  { name: installation, plans, retired, storages }: Config,
  open: (storage: string) => Promise<Storage>,
  signal: AbortSignal,
): Promise<UnknownPlan[]> {
  const known = new Set([...plans.map(({ name }) => name), ...retired])
  const lists = await Promise.allSettled(
    Object.keys(storages).map(async (name) => {
      const storage = await open(name)
      const unknown = await listUnknownPlans(storage, { installation, plans: known }, signal)
      return await Promise.all(unknown.map((plan) => describe({ storage, name, plan }, signal)))
    }),
  )
  return lists.flatMap((list) => (list.status === 'fulfilled' ? list.value : []))
}

async function describe(
  { storage, name, plan }: { readonly storage: Storage; readonly name: string; plan: string },
  signal: AbortSignal,
): Promise<UnknownPlan> {
  const { standings } = await readStandings(storage, plan, { signal, limit: newestSlots })
  const [newest] = standings
  return {
    plan,
    storage: name,
    backups: standings.length,
    newestFinishedAtMs: newest ? Date.parse(newest.manifest.run.finishedAt) : null,
  }
}
