import { chmod, link, lutimes, mkdir, open, symlink } from 'node:fs/promises'
import { contentOf } from './content.ts'
import type { Tree, TreeFile } from './tree.ts'

/** Makes `tree` inside the existing folder `dir`, with its modes and times. */
export async function writeTree(dir: string, tree: Tree): Promise<void> {
  const inside = (path: Buffer) => Buffer.concat([Buffer.from(`${dir}/`), path])
  for (const entry of tree) {
    const path = inside(entry.path)
    if (entry.kind === 'directory') await mkdir(path, { mode: 0o700 })
    else if (entry.kind === 'file') await writeFile(path, entry)
    else if (entry.kind === 'symlink') await symlink(entry.target, path)
    else await link(inside(entry.to), path)
  }
  // Backwards: a folder gets its time, and perhaps loses its permissions, after what is in it.
  for (const entry of tree.toReversed()) {
    const path = inside(entry.path)
    if (entry.kind === 'link') continue
    await setTime(path, entry.mtimeSeconds)
    if (entry.kind !== 'symlink') await chmod(path, entry.mode)
  }
}

/** Node takes a negative number of seconds for "now", but not a date before 1970. */
async function setTime(path: Buffer, seconds: number): Promise<void> {
  const time = seconds < 0 ? new Date(seconds * 1000) : seconds
  await lutimes(path, time, time)
}

async function writeFile(path: Buffer, file: TreeFile): Promise<void> {
  const handle = await open(path, 'wx', 0o600)
  try {
    for (const piece of contentOf(file.content)) await handle.write(piece)
  } finally {
    await handle.close()
  }
}
