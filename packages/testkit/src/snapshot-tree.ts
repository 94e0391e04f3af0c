import { createHash } from 'node:crypto'
import {
  accessSync,
  type BigIntStats,
  closeSync,
  constants,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
} from 'node:fs'
import { setImmediate as yieldToOthers } from 'node:timers/promises'

/** Everything a restore has to bring back, by path; the paths' bytes as latin1, sorted. */
export type TreeSnapshot = ReadonlyMap<string, SnapshotEntry>

export interface SnapshotEntry {
  readonly type: 'file' | 'directory' | 'symlink' | 'other'
  /** Permission bits with setuid, setgid and sticky. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly mtimeNs: bigint
  /** Content bytes of a file, else 0. */
  readonly size: number
  /** False for a file or folder whose content this user may not read: it counts as empty. */
  readonly isReadable: boolean
  /** Hex; null for what is not a file, and for a file that may not be read. */
  readonly sha256: string | null
  /** Bytes as latin1. */
  readonly target: string | null
  /** The first path of the files in this tree that are this one; null when it is alone. */
  readonly sameAs: string | null
}

/** Reads the tree below `dir`, not `dir` itself. */
export async function snapshotTree(dir: string): Promise<TreeSnapshot> {
  const root = Buffer.from(`${dir}/`)
  const found: [path: string, stats: BigIntStats][] = []
  for (const folders = [Buffer.alloc(0)]; folders.length > 0; ) {
    const folder = folders.pop() as Buffer
    for (const name of readFolder(Buffer.concat([root, folder]))) {
      const path = Buffer.concat([folder, name])
      const stats = lstatSync(Buffer.concat([root, path]), { bigint: true })
      found.push([path.toString('latin1'), stats])
      if (stats.isDirectory()) folders.push(Buffer.concat([path, Buffer.from('/')]))
    }
    await yieldToOthers()
  }
  found.sort(([a], [b]) => (a < b ? -1 : 1))
  return await describeAll(root, found)
}

/**
 * One hash over names, types, contents, modes and links. Times and owners are left to `compareTrees`:
 * the one may be off by a rounding, the other only root can bring back.
 */
export function digestTree(tree: TreeSnapshot): string {
  const hash = createHash('sha256')
  for (const [path, entry] of tree) {
    const { type, mode, size, sha256, target, sameAs } = entry
    hash.update(`${JSON.stringify([path, type, mode, size, sha256, target, sameAs])}\n`)
  }
  return hash.digest('hex')
}

async function describeAll(
  root: Buffer,
  found: readonly [path: string, stats: BigIntStats][],
): Promise<TreeSnapshot> {
  const firstPaths = findHardLinks(found)
  const tree = new Map<string, SnapshotEntry>()
  for (const [path, stats] of found) {
    const sameAs = firstPaths.get(inodeOf(stats)) ?? null
    const first = sameAs === null ? undefined : tree.get(sameAs)
    const fullPath = Buffer.concat([root, Buffer.from(path, 'latin1')])
    tree.set(path, first ?? describe(fullPath, stats, sameAs))
    if (tree.size % 64 === 0) await yieldToOthers()
  }
  return tree
}

/** The first path of each inode that has several in the tree. */
function findHardLinks(
  found: readonly [path: string, stats: BigIntStats][],
): ReadonlyMap<string, string> {
  const seen = new Map<string, string>()
  const shared = new Map<string, string>()
  for (const [path, stats] of found) {
    if (!stats.isFile() || stats.nlink < 2n) continue
    const first = seen.get(inodeOf(stats))
    if (first === undefined) seen.set(inodeOf(stats), path)
    else shared.set(inodeOf(stats), first)
  }
  return shared
}

function inodeOf(stats: BigIntStats): string {
  return `${stats.dev}:${stats.ino}`
}

function describe(path: Buffer, stats: BigIntStats, sameAs: string | null): SnapshotEntry {
  const type = typeOf(stats)
  const sha256 = type === 'file' ? hashFile(path) : null
  return {
    type,
    mode: Number(stats.mode & 0o7777n),
    uid: Number(stats.uid),
    gid: Number(stats.gid),
    mtimeNs: stats.mtimeNs,
    size: type === 'file' ? Number(stats.size) : 0,
    isReadable: type === 'directory' ? isOpen(path) : type !== 'file' || sha256 !== null,
    sha256,
    target: type === 'symlink' ? readlinkSync(path, 'buffer').toString('latin1') : null,
    sameAs,
  }
}

function isOpen(folder: Buffer): boolean {
  const check = () => {
    accessSync(folder, constants.R_OK | constants.X_OK)
    return true
  }
  return unlessForbidden(check) ?? false
}

function typeOf(stats: BigIntStats): SnapshotEntry['type'] {
  if (stats.isFile()) return 'file'
  if (stats.isDirectory()) return 'directory'
  return stats.isSymbolicLink() ? 'symlink' : 'other'
}

const slab = Buffer.allocUnsafe(1_048_576)

function hashFile(path: Buffer): string | null {
  const hash = createHash('sha256')
  const descriptor = unlessForbidden(() => openSync(path, 'r'))
  if (descriptor === null) return null
  try {
    for (let read = -1; read !== 0; ) {
      read = readSync(descriptor, slab)
      hash.update(slab.subarray(0, read))
    }
  } finally {
    closeSync(descriptor)
  }
  return hash.digest('hex')
}

function readFolder(path: Buffer): readonly Buffer[] {
  return unlessForbidden(() => readdirSync(path, { encoding: 'buffer' })) ?? []
}

function unlessForbidden<T>(read: () => T): T | null {
  try {
    return read()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EACCES') return null
    throw error
  }
}
