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
    await lutimes(path, entry.mtimeSeconds, entry.mtimeSeconds)
    if (entry.kind !== 'symlink') await chmod(path, entry.mode)
  }
}

async function writeFile(path: Buffer, file: TreeFile): Promise<void> {
  const handle = await open(path, 'wx', 0o600)
  try {
    for (const piece of contentOf(file.content)) await handle.write(piece)
  } finally {
    await handle.close()
  }
}
