import { parseBackupId } from '@backstream/kernel'
import type { Storage } from '@backstream/storage'
import { attemptOfKey, planPrefix } from './layout.ts'

export interface PlanHistory {
  /** The highest fence of any key under the plan: manifests, voids, bare objects, uploads. */
  readonly highestFence: number
  /** Ids with something in their slot (a manifest or a void), newest first. */
  readonly slots: readonly string[]
}

/** What the bucket knows of a plan, from one listing of its first level and of its uploads. */
export async function readPlanHistory(
  storage: Storage,
  plan: string,
  signal: AbortSignal,
): Promise<PlanHistory> {
  const prefix = planPrefix(plan)
  const slots: string[] = []
  let highestFence = 0
  for await (const item of storage.listLevel(prefix, { signal })) {
    const name = (item.kind === 'object' ? item.key : item.prefix).slice(prefix.length)
    const text = item.kind === 'object' ? name.replace(/\.json$/, '') : name.replace(/\/$/, '')
    const id = parseBackupId(text)
    if (!id) continue
    highestFence = Math.max(highestFence, id.fence)
    if (item.kind === 'object') slots.push(text)
  }
  for await (const upload of storage.listUploads(prefix, { signal })) {
    const id = parseBackupId(attemptOfKey(upload.key)?.backup ?? '')
    if (id) highestFence = Math.max(highestFence, id.fence)
  }
  return { highestFence, slots: slots.sort(byFenceDescending) }
}

/** Newest means highest fence: clocks may step back, fences never do. */
export function byFenceDescending(a: string, b: string): number {
  return (parseBackupId(b)?.fence ?? 0) - (parseBackupId(a)?.fence ?? 0)
}
