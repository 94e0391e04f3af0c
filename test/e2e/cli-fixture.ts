import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

export const cliFile: string = fileURLToPath(
  new URL('../../apps/cli/bin/backstream.js', import.meta.url),
)

export interface CliResult {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

export interface CliOptions {
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string
  /** Called with what standard error holds so far, and a way to signal the command. */
  readonly onStderr?: (stderr: string, kill: (signal: NodeJS.Signals) => void) => void
}

/** Runs `backstream` as a stranger would: a process of its own, and nothing of this one's settings. */
export async function backstream(args: readonly string[], options: CliOptions): Promise<CliResult> {
  const child = spawn(process.execPath, [cliFile, ...args], {
    cwd: options.cwd,
    env: { PATH: process.env['PATH'], HOME: options.cwd, TZ: 'UTC', ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  child.stdin.end(options.input ?? '')
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk
    options.onStderr?.(stderr, (signal) => child.kill(signal))
  })
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve(code ?? -1))
  })
  const [status, stdout] = await Promise.all([ended, text(child.stdout)])
  return { status, stdout, stderr }
}
