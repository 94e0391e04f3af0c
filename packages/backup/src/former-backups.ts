import type { Storage } from '@backstream/storage'
import { listBackups } from './catalogue.ts'
import { backupPrefix, restoreGuideKey } from './layout.ts'
import type { AttemptScan } from './sweep-scan.ts'

/** An attempt may die between its last object and its manifest; that many do not. */
const mostCutShort = 2

/**
 * Which of these attempts without a manifest must have had one, so that their bytes are a backup that
 * somebody took the manifest from, and not rubbish: those that a later backup names as the one before
 * it, and all that are whole when there are more of them than accidents explain.
 */
export async function formerBackups(
  storage: Storage,
  plan: string,
  { open, signal }: { readonly open: readonly AttemptScan[]; readonly signal: AbortSignal },
): Promise<ReadonlySet<string>> {
  const free = open.filter(({ slot, notes }) => {
    return slot === null && !notes.some(({ kind }) => kind === 'pruned')
  })
  if (free.length === 0) return new Set()
  const { backups } = await listBackups(storage, plan, { signal })
  const named = backups.flatMap(({ previous }) => (previous ? [previous.backup] : []))
  const whole = free.filter(isWhole).map(({ backup }) => backup)
  return new Set([...named, ...(whole.length > mostCutShort ? whole : [])])
}

/** The guide is the last thing stored before the manifest. */
function isWhole({ plan, backup, objects, uploads }: AttemptScan): boolean {
  const keys = objects.filter(({ isLatest, isDeleteMarker }) => isLatest && !isDeleteMarker)
  const has = (key: string) => keys.some((object) => object.key.startsWith(key))
  const prefix = backupPrefix(plan, backup)
  const isThere = has(`${prefix}archive.`) && has(`${prefix}index.`)
  return isThere && has(restoreGuideKey(plan, backup)) && uploads.length === 0
}
