import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Installation } from './cli-installation.ts'

/**
 * A client that passes its output through a shell command, as the PATH to find it by. Its status is that
 * of the real one; asked for its version it tells that.
 */
export async function withFilter(
  { folder, env }: Installation,
  { program, filter }: { readonly program: string; readonly filter: string },
): Promise<string> {
  const bin = join(folder, `bin-${program}`)
  await mkdir(bin, { recursive: true })
  const script = `#!/bin/bash
set -o pipefail
PATH='${env['PATH']}'
if [ "$1" = --version ]; then exec ${program} "$@"; fi
${program} "$@" | ${filter}
`
  await writeFile(join(bin, program), script, { mode: 0o755 })
  return `${bin}:${env['PATH']}`
}
