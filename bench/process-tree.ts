import { readdirSync, readFileSync } from 'node:fs'

/** Linux only: what the kernel says under /proc. Processes that have ended meanwhile count nothing. */
export interface TreeMemory {
  /** Resident memory of the process and all below it, at this moment. Shared pages count for each. */
  readonly rssBytes: number
  /** The most that any single one of them has held so far. */
  readonly largestPeakBytes: number
}

export function readTreeMemory(pid: number): TreeMemory {
  let rssBytes = 0
  let largestPeakBytes = 0
  for (const one of treeOf(pid)) {
    const status = readOrEmpty(`/proc/${one}/status`)
    rssBytes += kibibytes(status, 'VmRSS')
    largestPeakBytes = Math.max(largestPeakBytes, kibibytes(status, 'VmHWM'))
  }
  return { rssBytes, largestPeakBytes }
}

/** CPU seconds, user and system, of one process that is still there. */
export function readCpuSeconds(pid: number): number {
  const stat = readOrEmpty(`/proc/${pid}/stat`)
  // The name, in parentheses, may hold spaces; user and system time are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / ticksPerSecond
}

/** USER_HZ, which Linux has fixed at 100 for what it shows to programs. */
const ticksPerSecond = 100

function treeOf(root: number): number[] {
  const pids = [root]
  for (const pid of pids) {
    for (const task of namesIn(`/proc/${pid}/task`)) {
      const children = readOrEmpty(`/proc/${pid}/task/${task}/children`).trim()
      if (children !== '') pids.push(...children.split(' ').map(Number))
    }
  }
  return pids
}

function kibibytes(status: string, field: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0) * 1024
}

function namesIn(path: string): string[] {
  try {
    return readdirSync(path)
  } catch {
    // Gone: nothing is below it any more.
    return []
  }
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    // Gone, or never there.
    return ''
  }
}
