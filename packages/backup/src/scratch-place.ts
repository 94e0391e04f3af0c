/**
 * Directories that a drill restores into and removes again: `backstream-drill-PLAN-HOST-PID-RANDOM`.
 *
 * The name says who made one. So the next drill of the plan on that host finds what a worker that was
 * killed has left, and never takes one that somebody is still filling.
 */
import { randomBytes } from 'node:crypto'
import { chmod, lstat, mkdir, readdir, rm } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { BackupError } from './errors.ts'

export interface ScratchPlace extends AsyncDisposable {
  /** Made, empty, 0700. */
  readonly path: string
}

const inUse = new Set<string>()

/** `parent` is made where it is not there. Disposing removes the place, read-only directories too. */
export async function makeScratchPlace(parent: string, plan: string): Promise<ScratchPlace> {
  const ours = `backstream-drill-${plan}-${hostname()}-`
  try {
    await mkdir(parent, { recursive: true, mode: 0o700 })
    for (const name of await readdir(parent)) {
      if (isLeftOver(name, ours)) await removeTree(join(parent, name))
    }
    const name = `${ours}${process.pid}-${randomBytes(4).toString('hex')}`
    const path = join(parent, name)
    await mkdir(path, { mode: 0o700 })
    inUse.add(name)
    return {
      path,
      async [Symbol.asyncDispose]() {
        await removeTree(path)
        inUse.delete(name)
      },
    }
  } catch (cause) {
    throw new BackupError('restore-target', `No scratch place can be made in ${parent}`, {
      cause,
      permanent: true,
      remedy: 'Name a directory that this user may write in: drill: { to: /srv/scratch }.',
    })
  }
}

function isLeftOver(name: string, ours: string): boolean {
  if (!name.startsWith(ours) || inUse.has(name)) return false
  const pid = Number(/^(\d+)-[0-9a-f]{8}$/.exec(name.slice(ours.length))?.[1])
  if (!Number.isSafeInteger(pid)) return false
  // Of a number that is ours only what is in use is alive: in a container all are number 1.
  return pid === process.pid || !isAlive(pid)
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it is there, and another user's.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** What was restored may hold directories that nobody may write in, their owner included. */
async function removeTree(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true })
  } catch {
    // Only root removes it as it is; anyone else once it may be written in.
    await makeWritable(path)
    await rm(path, { recursive: true, force: true })
  }
}

async function makeWritable(path: string | Buffer): Promise<void> {
  if (!(await lstat(path)).isDirectory()) return
  await chmod(path, 0o700)
  for (const name of await readdir(path, { encoding: 'buffer' })) {
    await makeWritable(Buffer.concat([Buffer.from(path), Buffer.from('/'), name]))
  }
}
