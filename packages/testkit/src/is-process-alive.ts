import { readFileSync } from 'node:fs'

/**
 * Whether process `pid` still runs. One that has ended and that nobody has waited for yet does not:
 * in a container without an init it stays in the table for good. Read from the field State of
 * proc_pid_status(5).
 */
export function isProcessAlive(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    // ENOENT; ESRCH if it ends while it is read.
    return false
  }
}
