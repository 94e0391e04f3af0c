import { accessSync, constants, statfsSync, statSync } from 'node:fs'
import { isStorageError, type Storage } from '@backstream/storage'
import type { RestorePlan } from './restore.ts'

/**
 * All that would end a restore over something half way and can be known before: every problem at
 * once, in words; none: nothing was found. The key, the index and what stands in the way have been
 * looked at by `planRestore`.
 */
export async function preflightRestore(storage: Storage, plan: RestorePlan): Promise<string[]> {
  return [...problemsOfTarget(plan), ...(await problemsOfArchive(storage, plan))]
}

function problemsOfTarget({ order: { to }, found }: RestorePlan): string[] {
  try {
    if (!statSync(to).isDirectory()) return [`${to} is no directory`]
    accessSync(to, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch (error) {
    return [`${to} cannot be written into: ${(error as Error).message}`]
  }
  const { bavail, bsize } = statfsSync(to)
  // A file lies beside the one it replaces until it is whole, and blocks are never quite full.
  const isTight = found.bytes > bavail * bsize
  return isTight
    ? [`${to} has room for ${bavail * bsize} bytes, and ${found.bytes} are needed`]
    : []
}

async function problemsOfArchive(storage: Storage, { order }: RestorePlan): Promise<string[]> {
  const problems: string[] = []
  const { manifest, signal } = order
  for (const { key, bytes } of manifest.archives) {
    try {
      const info = await storage.head(key, { signal })
      if (info.bytes === bytes) continue
      problems.push(`${storage.location}/${key} has ${info.bytes} bytes instead of ${bytes}`)
    } catch (error) {
      if (!isStorageError(error, 'not-found')) throw error
      problems.push(`${storage.location}/${key} is gone`)
    }
  }
  return problems
}
