import { spawn } from 'node:child_process'
import { buffer, text } from 'node:stream/consumers'
import { findProgram } from '@backstream/testkit'
import type { MainJob } from './main-job-fixture.ts'

/** For a test that drives standard tools: skipped without them, an error where CI=true. */
export function needs(...programs: string[]): { readonly skip?: string } {
  const missing = programs.filter((program) => !findProgram(program))
  if (missing.length === 0) return {}
  if (process.env['CI'] === 'true') throw new Error(`CI=true and no ${missing.join(', ')}`)
  return { skip: `not on this machine: ${missing.join(', ')}` }
}

/**
 * Runs a script in `sh` with nothing of Backstream, as a stranger with access to the bucket would:
 * `aws` asks the server of the tests. Returns what it wrote; rejects when it fails.
 */
export async function asStranger(
  { s3 }: MainJob,
  script: string,
  { cwd }: { readonly cwd: string },
): Promise<Buffer> {
  const elsewhere = `aws() { command aws --endpoint-url '${s3.endpoint}' "$@"; }`
  const child = spawn('sh', ['-c', `set -e\n${elsewhere}\n${script}`], {
    cwd,
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      AWS_ACCESS_KEY_ID: s3.accessKeyId,
      AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
      AWS_DEFAULT_REGION: s3.region,
      AWS_EC2_METADATA_DISABLED: 'true',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  const [status, stdout, stderr] = await Promise.all([
    ended,
    buffer(child.stdout),
    text(child.stderr),
  ])
  if (status !== 0) throw new Error(`${script}\nended with ${status}: ${stdout}\n${stderr}`)
  return stdout
}
