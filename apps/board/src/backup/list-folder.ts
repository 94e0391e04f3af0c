import type { IndexEntry, OpenedBackup } from '@backstream/backup'

export interface FolderListing {
  /** What lies directly in the folder, folders first. */
  readonly entries: readonly IndexEntry[]
  /** There is more than was looked at. */
  readonly isCut: boolean
}

const shownAtMost = 500
/** A folder with a huge one before its end is not read through for a page. */
const lookedAtMost = 300_000

/** One folder of a backup, from its index; '' is the root. */
export async function listFolder(backup: OpenedBackup, path: string): Promise<FolderListing> {
  const start = path === '' ? 0 : path.length + 1
  const entries: IndexEntry[] = []
  let looked = 0
  for await (const entry of backup.entriesBelow(path)) {
    looked += 1
    const isChild = entry.path.length > start && !entry.path.includes('/', start)
    if (isChild) entries.push(entry)
    if (entries.length > shownAtMost || looked > lookedAtMost) {
      return { entries: sorted(entries.slice(0, shownAtMost)), isCut: true }
    }
  }
  return { entries: sorted(entries), isCut: false }
}

function sorted(entries: readonly IndexEntry[]): IndexEntry[] {
  const isFile = ({ type }: IndexEntry) => Number(type !== 'directory')
  return entries.toSorted((a, b) => isFile(a) - isFile(b))
}
