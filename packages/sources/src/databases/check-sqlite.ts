import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type CheckOutcome, runCheck } from '../run-check.ts'

const program = fileURLToPath(new URL('./sqlite-integrity.ts', import.meta.url))
const longestMs = 6 * 3_600_000

/** `PRAGMA integrity_check` of a file, in a process of its own: it may take long, and a damaged file may be anything. */
export async function checkSqlite(
  path: string,
  environment: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<CheckOutcome> {
  return await runCheck({
    argv: [process.execPath, '--disable-warning=ExperimentalWarning', program, path],
    ...{ cwd: dirname(path), environment, variables: {}, timeoutMs: longestMs, signal },
  })
}
