import { chmod, mkdtemp, readdir, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface TemporaryDirectory extends AsyncDisposable {
  /** Absolute, without symlinks. */
  readonly path: string
}

/** A new empty folder that is removed, with whatever is in it by then, when it is disposed of. */
export async function temporaryDirectory(name = 'test'): Promise<TemporaryDirectory> {
  const path = await realpath(await mkdtemp(join(tmpdir(), `backstream-${name}-`)))
  return { path, [Symbol.asyncDispose]: () => removeTree(path) }
}

/** `rm -r` that also gets through folders without permissions, which generated trees have. */
async function removeTree(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true })
  } catch {
    // The second try reports; the first one may only have met a closed folder.
    await openFolders(Buffer.from(path))
    await rm(path, { recursive: true, force: true })
  }
}

async function openFolders(path: Buffer): Promise<void> {
  await chmod(path, 0o700)
  for (const entry of await readdir(path, { withFileTypes: true, encoding: 'buffer' })) {
    if (entry.isDirectory()) await openFolders(Buffer.concat([path, Buffer.from('/'), entry.name]))
  }
}
