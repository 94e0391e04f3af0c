import type { Storage } from '@backstream/storage'
import { listPlans } from './catalogue.ts'
import { readOwner } from './owner-mark.ts'

/**
 * Plans that have something in the storage and are not among `known`, in byte order. None where the
 * prefix belongs to another installation: those are the other one's to know.
 */
export async function listUnknownPlans(
  storage: Storage,
  known: { readonly installation: string; readonly plans: ReadonlySet<string> },
  signal?: AbortSignal,
): Promise<string[]> {
  const plans = await listPlans(storage, signal)
  const unknown = plans.filter((name) => !known.plans.has(name))
  if (unknown.length === 0) return []
  const owner = await readOwner(storage, signal)
  return owner === undefined || owner === known.installation ? unknown : []
}
