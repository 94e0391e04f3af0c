/**
 * A file tree as data: what a generator makes up, `writeTree` puts on disk, and a failing test can
 * print. Names are bytes, because on Linux they are.
 */
export type Tree = readonly TreeEntry[]

/** In an order in which they can be made: a folder before what is in it, a file before its links. */
export type TreeEntry = TreeFile | TreeDirectory | TreeSymlink | TreeHardLink

interface TreeNode {
  /** Relative, separated by `/`. */
  readonly path: Buffer
}
interface TreeMetadata {
  readonly mode: number
  /** Seconds since the epoch, with a fraction; may be negative. */
  readonly mtimeSeconds: number
}

export interface TreeFile extends TreeNode, TreeMetadata {
  readonly kind: 'file'
  readonly content: TreeContent
}
export interface TreeDirectory extends TreeNode, TreeMetadata {
  readonly kind: 'directory'
}
export interface TreeSymlink extends TreeNode {
  readonly kind: 'symlink'
  readonly mtimeSeconds: number
  readonly target: Buffer
}
export interface TreeHardLink extends TreeNode {
  readonly kind: 'link'
  /** Path of a file that comes earlier. */
  readonly to: Buffer
}

/** Bytes that follow from a seed, so that a tree of megabytes is described by a few numbers. */
export interface TreeContent {
  readonly bytes: number
  readonly seed: number
  readonly like: 'zeros' | 'text' | 'noise'
}
