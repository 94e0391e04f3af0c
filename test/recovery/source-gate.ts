import { execFile } from 'node:child_process'
import { type FileHandle, open, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { waitFor } from '@backstream/testkit'

/** A scripted source that stands still in the middle of what it sends. */
export interface StandingSource {
  /** Of the worker that reads it. */
  readonly workerPid: number
  /** Lets it go on, or fail. */
  say(word: 'go' | 'fail'): Promise<void>
  /** SIGKILL to the source and what it has started. */
  kill(): void
  /** Ends it if it is still there; the worker that read it may be gone. */
  forget(): Promise<void>
}

/** The next run of the plan stands still once; later attempts find no gate. */
export async function makeGate(folder: string): Promise<void> {
  await rm(join(folder, 'waiting'), { force: true })
  await promisify(execFile)('mkfifo', [join(folder, 'gate')])
}

/** A bound against hanging: others may have the machine. */
const comesWithinMs = 120_000

/** Every run of the plan fails in the middle. */
export async function breakSource(folder: string, isBroken: boolean): Promise<void> {
  if (isBroken) await writeFile(join(folder, 'broken'), '')
  else await rm(join(folder, 'broken'), { force: true })
}

export async function waitAtGate(folder: string): Promise<StandingSource> {
  const gate = join(folder, 'gate')
  const what = `a source at ${gate}`
  await waitFor(() => readFile(join(folder, 'waiting')).catch(() => null), {
    timeoutMs: comesWithinMs,
    what,
  })
  // Opening succeeds as soon as the other side has opened it too.
  const fifo = await waitFor(() => open(gate, 'w').catch(() => null), { what })
  await rm(gate)
  const [pid = 0, workerPid = 0] = (await readFile(join(folder, 'source'), 'utf8'))
    .split(' ')
    .map(Number)
  let isOpen = true
  const shut = async (handle: FileHandle) => {
    if (isOpen) await handle.close()
    isOpen = false
  }
  return {
    workerPid,
    async say(word) {
      await fifo.write(`${word}\n`).catch(() => {
        // EPIPE: it is gone, with its worker.
      })
      await shut(fifo)
    },
    kill: () => void killGroup(pid),
    async forget() {
      killGroup(pid)
      await shut(fifo)
    },
  }
}

/** The source leads a group of its own. */
function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // Gone already.
  }
}
