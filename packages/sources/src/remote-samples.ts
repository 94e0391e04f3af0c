/** Directories elsewhere for this package's tests: elsewhere is this machine, behind a channel. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { DirectorySourceConfig } from '@backstream/config'
import { createRemoteDirectorySource } from './remote-directory-source.ts'
import type { Channel } from './runners/channel.ts'
import { createRemoteRunner } from './runners/remote-runner.ts'
import type { Runner } from './runners/runner.ts'
import { type ReadTree, readToEnd, sourceOptions, temporaryDirectory } from './source-samples.ts'

/** For tests of images that hold nothing but busybox. `.ci/run` installs it, and they fail there without. */
export const withoutBusybox: { readonly skip?: string } =
  existsSync('/usr/bin/busybox') || isCi() ? {} : { skip: 'busybox is not on this machine' }

function isCi(): boolean {
  // biome-ignore lint/style/noProcessEnv: a test asks where it runs
  return process.env['CI'] === 'true'
}

/** Where the tools of this machine are. */
export const usualPath = '/usr/local/bin:/usr/bin:/bin'

/** The far end is this machine, with the tools on `path`. */
export function runnerWith(path: string): Runner {
  const channel: Channel = {
    place: 'over there',
    client: 'the client',
    open: () =>
      Promise.resolve({
        place: 'over there',
        commandLine: (argv) => ['/usr/bin/env', `PATH=${path}`, ...argv],
      }),
    explain: () => null,
  }
  return createRemoteRunner(channel, {
    clientEnvironment: {},
    limits: { graceMs: 1_000, killMs: 5_000 },
    beginMs: 10_000,
  })
}

/** Nothing but busybox, as in an image of Alpine. */
export function busyboxPath(t: TestContext): string {
  const folder = temporaryDirectory(t)
  const names = execFileSync('busybox', ['--list'], { encoding: 'utf8' }).trim().split('\n')
  for (const name of names) symlinkSync('/usr/bin/busybox', join(folder, name))
  return folder
}

export async function readThere(
  config: DirectorySourceConfig,
  { path = usualPath, signal }: { path?: string; signal?: AbortSignal } = {},
): Promise<ReadTree> {
  const source = createRemoteDirectorySource(config, {
    runner: runnerWith(path),
    slabBytes: 1 << 16,
  })
  return await readToEnd(source, sourceOptions(signal))
}

export function put(root: string, files: Readonly<Record<string, string | Buffer>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(root, path, '..'), { recursive: true })
    writeFileSync(join(root, path), content)
  }
}
