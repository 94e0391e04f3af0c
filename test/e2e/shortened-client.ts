import { existsSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { waitFor } from '@backstream/testkit'
import type { Installation } from './cli-installation.ts'

interface Client {
  readonly program: string
  /** Said to it where it is to dump, for one that is asked other things too. */
  readonly flag?: string
}

/**
 * A client that passes its output through a shell command, as the PATH to find it by. Its status is that
 * of the real one; asked for its version it tells that.
 */
export async function withFilter(
  { folder, env }: Installation,
  { program, flag = '', filter }: Client & { readonly filter: string },
): Promise<string> {
  const bin = join(folder, `bin-${program}`)
  await mkdir(bin, { recursive: true })
  const script = `#!/bin/bash
set -o pipefail
PATH='${env['PATH']}'
case " $* " in *' --version '*) exec ${program} "$@" ;; *'${flag}'*) ;; *) exec ${program} "$@" ;; esac
${program} "$@" | ${filter}
`
  await writeFile(join(bin, program), script, { mode: 0o755 })
  return `${bin}:${env['PATH']}`
}

export interface HeldClient {
  readonly path: string
  /** Resolves once it stands still. */
  held(): Promise<void>
  letGo(): Promise<void>
}

/** As above: a client that stands still after so many bytes until it is let go on. */
export async function withHold(
  here: Installation,
  { bytes, ...client }: Client & { readonly bytes: number },
): Promise<HeldClient> {
  const mark = join(here.folder, `${client.program} is half way`)
  const filter = `{ head -c ${bytes}; touch '${mark}'; while [ -e '${mark}' ]; do sleep 0.05; done; cat; }`
  return {
    path: await withFilter(here, { ...client, filter }),
    async held() {
      await waitFor(() => existsSync(mark), { timeoutMs: 30_000, what: 'half of the output' })
    },
    letGo: () => rm(mark),
  }
}
