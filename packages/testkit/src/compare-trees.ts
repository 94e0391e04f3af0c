import type { SnapshotEntry, TreeSnapshot } from './snapshot-tree.ts'

export interface CompareTreesOptions {
  /**
   * How far apart two mtimes may be. Default 1000: Node sets times as floating-point seconds, which
   * hold a microsecond at most.
   */
  readonly mtimeToleranceNs?: bigint
  /** Compare owner and group. Default true; only root can bring them back. */
  readonly owners?: boolean
}

/** Every difference in words, one line each; empty when the trees are the same. */
export function compareTrees(
  expected: TreeSnapshot,
  actual: TreeSnapshot,
  options: CompareTreesOptions = {},
): string[] {
  const differences: string[] = []
  for (const [path, entry] of expected) {
    const other = actual.get(path)
    const found = other ? compareEntries(entry, other, options) : ['is missing']
    differences.push(...found.map((difference) => `${show(path)} ${difference}`))
  }
  for (const path of actual.keys()) {
    if (!expected.has(path)) differences.push(`${show(path)} should not be there`)
  }
  return differences
}

function compareEntries(
  expected: SnapshotEntry,
  actual: SnapshotEntry,
  options: CompareTreesOptions,
): string[] {
  if (expected.type !== actual.type) return [`is a ${actual.type}, not a ${expected.type}`]
  const differences: string[] = []
  const compare = (what: string, a: unknown, b: unknown) => {
    if (a !== b) differences.push(`has ${what} ${b}, not ${a}`)
  }
  compare('size', expected.size, actual.size)
  if (expected.size === actual.size) compare('sha256', expected.sha256, actual.sha256)
  compare('mode', expected.mode.toString(8), actual.mode.toString(8))
  if (options.owners ?? true) {
    compare('owner', `${expected.uid}:${expected.gid}`, `${actual.uid}:${actual.gid}`)
  }
  compare('target', show(expected.target), show(actual.target))
  compare('hard links with', show(expected.sameAs), show(actual.sameAs))
  const apartNs = expected.mtimeNs - actual.mtimeNs
  const tolerance = options.mtimeToleranceNs ?? 1000n
  if (apartNs > tolerance || -apartNs > tolerance) {
    compare('mtime', seconds(expected.mtimeNs), seconds(actual.mtimeNs))
  }
  return differences
}

function show(path: string | null): string {
  return path === null ? 'nothing' : JSON.stringify(Buffer.from(path, 'latin1').toString('utf8'))
}

function seconds(ns: bigint): string {
  const whole = ns >= 0n ? ns / 1_000_000_000n : -((-ns + 999_999_999n) / 1_000_000_000n)
  return `${whole}.${String(ns - whole * 1_000_000_000n).padStart(9, '0')}`
}
