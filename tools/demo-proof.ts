import { compareTrees, digestTree, snapshotTree, type TreeSnapshot } from '@backstream/testkit'

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
 * be the one that was read. The same goes for what this user may not read, and for sockets and
 * devices, which no backup holds.
 */
export async function proveEqual(options: ProveEqualOptions): Promise<Proof> {
  const { before, restored } = options
  const isRoot = process.getuid?.() === 0
  const now = await snapshotTree(options.source)
  const changed = changedPaths(before, now)
  const unreadable = pathsWhere(before, ({ type, sha256 }) => type === 'file' && sha256 === null)
  const special = pathsWhere(before, ({ type }) => type === 'other')
  const left = new Set([...changed, ...unreadable, ...special])
  const compared = without(before, left)
  const actual = without(restored, left)
  const differences = compareTrees(compared, actual, { owners: isRoot })
  return {
    isEqual: differences.length === 0,
    differences,
    notes: [
      ...note(changed, 'changed while the demo ran and are not compared'),
      ...note(unreadable, 'may not be read by this user and are not in the backup'),
      ...note(special, 'are sockets, pipes or devices and are not in the backup'),
    ],
    compared,
    sourceDigest: digestTree(compared),
    restoredDigest: digestTree(actual),
  }
}

function changedPaths(before: TreeSnapshot, now: TreeSnapshot): string[] {
  const isSame = (path: string) => {
    const [a, b] = [before.get(path), now.get(path)]
    return a !== undefined && b !== undefined && only(path, a, b).length === 0
  }
  return [...new Set([...before.keys(), ...now.keys()])].filter((path) => !isSame(path))
}

type Entry = TreeSnapshot extends ReadonlyMap<string, infer E> ? E : never

function only(path: string, a: Entry, b: Entry): string[] {
  return compareTrees(new Map([[path, a]]), new Map([[path, b]]), { mtimeToleranceNs: 0n })
}

function pathsWhere(tree: TreeSnapshot, is: (entry: Entry) => boolean): string[] {
  return [...tree].filter(([, entry]) => is(entry)).map(([path]) => path)
}

function without(tree: TreeSnapshot, paths: ReadonlySet<string>): TreeSnapshot {
  return new Map([...tree].filter(([path]) => !paths.has(path)))
}

function note(paths: readonly string[], what: string): string[] {
  if (paths.length === 0) return []
  const shown = paths.slice(0, 5).map((path) => Buffer.from(path, 'latin1').toString())
  const more = paths.length > shown.length ? ', …' : ''
  return [`${paths.length} entries ${what}: ${shown.join(', ')}${more}`]
}
