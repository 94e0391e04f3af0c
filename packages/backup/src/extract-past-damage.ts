/**
 * Goes on behind what is damaged. Frames are independent of each other and the index says what lies in
 * which, so a flipped bit costs what lies in one frame and nothing else: on the day of a restore that
 * is the difference between a file and all of them.
 */
import type { IndexEntry, TarEntry } from '@backstream/archive'
import { isDamage } from './damage.ts'
import type { OpenedBackup } from './open-backup.ts'

export interface PastDamage {
  /** Extracts one entry, or throws and leaves nothing of it. */
  readonly extract: (entry: TarEntry) => Promise<void>
  /** Removes the entry of which some members are there and the next cannot be read. */
  readonly abandon: () => void
  /** Paths of entries that are damaged, and of links to such; added to. */
  readonly damaged: Set<string>
}

/**
 * Extracts entries, in the index's order, but for those that are damaged. Returns the first damage it
 * met, null when there was none; rejects with whatever else goes wrong.
 */
export async function extractPastDamage(
  backup: OpenedBackup,
  entries: readonly IndexEntry[],
  { extract, abandon, damaged }: PastDamage,
): Promise<unknown> {
  let cause: unknown = null
  let rest = withoutLinksTo(damaged, entries)
  while (rest.length > 0) {
    let done = 0
    try {
      for await (const entry of backup.read(rest)) {
        await extract(entry)
        done += 1
      }
      return cause
    } catch (error) {
      if (!isDamage(error)) throw error
      cause ??= error
      const { position, membersDone } = entryAfter(rest, done)
      if (membersDone > 0) abandon()
      rest = withoutLinksTo(damaged, await behind(backup, { rest, position, damaged }))
    }
  }
  return cause
}

/** Which of the entries holds the member that follows `done` others. */
export function entryAfter(
  entries: readonly IndexEntry[],
  done: number,
): { readonly position: number; readonly membersDone: number } {
  let before = 0
  for (const [position, { members = 1 }] of entries.entries()) {
    if (before + members > done) return { position, membersDone: done - before }
    before += members
  }
  return { position: entries.length, membersDone: 0 }
}

interface Met {
  readonly rest: readonly IndexEntry[]
  /** Of the entry that cannot be read. */
  readonly position: number
  readonly damaged: Set<string>
}

/** The entries behind that one, and behind all others that begin in a damaged frame with it. */
async function behind(
  { probeFrame }: OpenedBackup,
  { rest, position, damaged }: Met,
): Promise<readonly IndexEntry[]> {
  const [broken, ...others] = rest.slice(position)
  if (broken) damaged.add(broken.path)
  const [next] = others
  // Each of them would fail by itself, at the price of fetching the frame again.
  if (!next || (await probeFrame(next.frame)) === null) return others
  const beyond = others.findIndex(({ frame }) => frame !== next.frame)
  const lost = beyond === -1 ? others : others.slice(0, beyond)
  for (const { path } of lost) damaged.add(path)
  return others.slice(lost.length)
}

function withoutLinksTo(
  damaged: Set<string>,
  entries: readonly IndexEntry[],
): readonly IndexEntry[] {
  if (damaged.size === 0) return entries
  return entries.filter(({ path, type, linkTarget = '' }) => {
    if (type !== 'link' || !damaged.has(linkTarget)) return true
    damaged.add(path)
    return false
  })
}
