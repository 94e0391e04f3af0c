import {
  compareTrees,
  digestTree,
  type SnapshotEntry,
  snapshotTree,
  type TreeSnapshot,
} from '@backstream/testkit'

export interface Proof {
  readonly isEqual: boolean
  readonly differences: readonly string[]
  /** What was left out of the comparison, and why; never silently. */
  readonly notes: readonly string[]
  /** The part of the source that was compared. */
  readonly compared: TreeSnapshot
  readonly sourceDigest: string
  readonly restoredDigest: string
}

export interface ProveEqualOptions {
  readonly source: string
  /** The source as it was before the backup. */
  readonly before: TreeSnapshot
  readonly restored: TreeSnapshot
}

/**
 * Compares what was restored with the source. A folder that is in use may change between the backup
 * and now: what is no longer as it was before is named and left out, since neither state is known to
 * be the one that was read. The same goes for what this user may not read, and for sockets, pipes
 * and devices, which no backup holds. Set-user-id and set-group-id bits of files are taken off by a
 * restore, and owners only root can bring back.
 */
export async function proveEqual(options: ProveEqualOptions): Promise<Proof> {
  const { before, restored } = options
  const isRoot = process.getuid?.() === 0
  const changed = changedPaths(before, await snapshotTree(options.source))
  const unreadable = pathsWhere(before, ({ isReadable }) => !isReadable)
  const special = pathsWhere(before, ({ type }) => type === 'other')
  const left = new Set([...changed, ...unreadable, ...special])
  const compared = withoutSetuid(without(before, left))
  const actual = withoutSetuid(without(restored, left))
  const differences = compareTrees(compared, actual, { owners: isRoot })
  return {
    isEqual: differences.length === 0,
    differences,
    notes: [
      ...note(changed, 'changed while the demo ran'),
      ...note(unreadable, 'this user may not read'),
      ...note(special, 'no backup holds (socket, pipe, device)'),
      ...setuidNote(before),
      ...(isRoot ? [] : ['owners are not compared: only root restores them']),
    ],
    compared,
    sourceDigest: digestTree(compared),
    restoredDigest: digestTree(actual),
  }
}

function changedPaths(before: TreeSnapshot, now: TreeSnapshot): string[] {
  const isSame = (path: string) => {
    const [a, b] = [before.get(path), now.get(path)]
    return a !== undefined && b !== undefined && differencesOf(path, a, b).length === 0
  }
  return [...new Set([...before.keys(), ...now.keys()])].filter((path) => !isSame(path))
}

function differencesOf(path: string, a: SnapshotEntry, b: SnapshotEntry): string[] {
  return compareTrees(new Map([[path, a]]), new Map([[path, b]]), { mtimeToleranceNs: 0n })
}

function pathsWhere(tree: TreeSnapshot, is: (entry: SnapshotEntry) => boolean): string[] {
  return [...tree].filter(([, entry]) => is(entry)).map(([path]) => path)
}

function without(tree: TreeSnapshot, paths: ReadonlySet<string>): TreeSnapshot {
  return new Map([...tree].filter(([path]) => !paths.has(path)))
}

const setuidBits = 0o6000

function withoutSetuid(tree: TreeSnapshot): TreeSnapshot {
  const clear = (entry: SnapshotEntry) =>
    entry.type === 'file' ? { ...entry, mode: entry.mode & ~setuidBits } : entry
  return new Map([...tree].map(([path, entry]) => [path, clear(entry)]))
}

function setuidNote(tree: TreeSnapshot): string[] {
  const paths = pathsWhere(tree, ({ type, mode }) => type === 'file' && (mode & setuidBits) !== 0)
  return paths.length === 0 ? [] : [`set-user-id bits of ${paths.length} files were taken off`]
}

function note(paths: readonly string[], what: string): string[] {
  if (paths.length === 0) return []
  const shown = paths.slice(0, 5).map((path) => Buffer.from(path, 'latin1').toString())
  const more = paths.length > shown.length ? ', …' : ''
  const entries = paths.length === 1 ? '1 entry that' : `${paths.length} entries that`
  return [`left out: ${entries} ${what}: ${shown.join(', ')}${more}`]
}
