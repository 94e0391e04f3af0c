import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:os'

/** How an exec session may go wrong, as it does with the real thing. */
export type Fault =
  /** The session is dropped after so many bytes, and the client ends as if nothing were wrong. */
  | { readonly kind: 'drop'; readonly afterBytes: number; readonly status?: number }
  /** Nothing ever comes. */
  | { readonly kind: 'hang' }
  /** Nothing more comes after so many bytes, and the client does not end. */
  | { readonly kind: 'stall'; readonly afterBytes: number }
  /** Lines of the client's own among those of the command. */
  | { readonly kind: 'noise'; readonly lines: readonly string[] }
  /** There is no program of that name in the container. */
  | { readonly kind: 'no-shell' }

export interface FarEnd {
  /** What the container has for PATH and the like: nothing of the client's is passed on. */
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  readonly fault?: Fault
}

/**
 * Runs a command in a session of its own, as a container's runtime does, with this process's standard
 * streams. When this process dies the command only loses its streams: it is not ended. Returns the
 * status, or null where the session was dropped.
 */
export async function runAtFarEnd(
  argv: readonly string[],
  { env = {}, cwd = '/', fault }: FarEnd,
  { hasInput }: { readonly hasInput: boolean },
): Promise<number | null> {
  if (fault?.kind === 'hang') await forever()
  if (fault?.kind === 'noise') for (const line of fault.lines) process.stderr.write(`${line}\n`)
  const [program = '', ...args] = argv
  const child = spawn(program, args, {
    cwd,
    env: { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: '/root', ...env },
    stdio: [hasInput ? 'pipe' : 'ignore', 'pipe', 'inherit'],
    detached: true,
  })
  const input = child.stdin
  input?.on('error', () => {}) // the command reads no more; its status tells
  if (input) process.stdin.pipe(input)
  if (!(await passOn(child.stdout as AsyncIterable<Buffer>, fault))) {
    return fault?.kind === 'drop' ? (fault.status ?? null) : null
  }
  process.stdin.unpipe()
  return await exitOf(child)
}

/** Writes what comes to standard output; false where the fault cuts it off. */
async function passOn(output: AsyncIterable<Buffer>, fault: Fault | undefined): Promise<boolean> {
  const isCut = fault?.kind === 'drop' || fault?.kind === 'stall'
  let left = isCut ? fault.afterBytes : Number.POSITIVE_INFINITY
  for await (const chunk of output) {
    const part = chunk.subarray(0, left)
    left -= part.length
    if (part.length > 0 && !process.stdout.write(part)) await once(process.stdout, 'drain')
    if (left > 0) continue
    if (fault?.kind === 'stall') await forever()
    return false
  }
  return true
}

/** As a shell has it: 128 and the signal's number where one ended it. */
async function exitOf(child: ChildProcess): Promise<number> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  return child.exitCode ?? 128 + (constants.signals[child.signalCode as NodeJS.Signals] ?? 0)
}

async function forever(): Promise<never> {
  return await new Promise(() => setInterval(() => {}, 1 << 30))
}
