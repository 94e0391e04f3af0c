/**
 * What was seen of backups, kept where others find it, as text by backup id. Only ever a short cut to
 * what the bucket says: it may be lost or wrong, and nothing is removed or restored by what it tells.
 */
import type { GlanceMemory, Seen } from './backup-glance.ts'

export interface GlanceCache {
  /** What is kept of a place; empty where nothing is, or it cannot be asked. Never rejects. */
  recall(place: string): Promise<ReadonlyMap<string, string>>
  /** Never rejects: what could not be kept is read again. */
  keep(place: string, news: GlanceNews): Promise<void>
}

export interface GlanceNews {
  readonly changed: ReadonlyMap<string, string>
  readonly gone: readonly string[]
}

/** Below this many, reading them costs no more than asking. */
export const worthAsking = 50

/** Changes with what is kept of a backup: a text of another version is read again. */
const version = 1

export function placeOf(location: string, plan: string): string {
  return `glances/${version} ${location}/${plan}`
}

/** Adds to `memory` what is kept of these backups, and it does not know; returns what else is kept. */
export async function recallGlances(
  cache: GlanceCache,
  place: string,
  { memory, ids }: { readonly memory: GlanceMemory; readonly ids: ReadonlyMap<string, unknown> },
): Promise<string[]> {
  const kept = await cache.recall(place)
  for (const [id, text] of kept) {
    const seen = ids.has(id) && !memory.has(id) ? decode(text) : undefined
    if (seen) memory.set(id, seen)
  }
  return [...kept.keys()].filter((id) => !ids.has(id))
}

export function changedSince(
  before: ReadonlyMap<string, Seen>,
  now: GlanceMemory,
): Map<string, string> {
  const changed = [...now].filter(([id, seen]) => before.get(id) !== seen)
  return new Map(changed.map(([id, seen]) => [id, JSON.stringify(seen)]))
}

function decode(text: string): Seen | undefined {
  try {
    const seen: unknown = JSON.parse(text)
    const isOurs = typeof seen === 'object' && seen !== null && 'slot' in seen && 'facts' in seen
    return isOurs ? (seen as Seen) : undefined
  } catch {
    // Whatever wrote it, the bucket is asked instead.
    return undefined
  }
}
