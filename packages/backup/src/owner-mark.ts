import { isStorageError, type Storage } from '@backstream/storage'
import { BackupError } from './errors.ts'
import { ownerMarkKey } from './layout.ts'
import { manifestFormat } from './manifest.ts'
import { readSmallObject } from './small-object.ts'

/**
 * Makes sure this prefix belongs to the installation: writes the mark where there is none, rejects
 * with `foreign-prefix` where another one's stands.
 */
export async function claimPrefix(
  storage: Storage,
  installation: string,
  signal: AbortSignal,
): Promise<void> {
  const owner = await readOwner(storage, signal)
  if (owner === undefined) {
    const mark = new TextEncoder().encode(
      `${JSON.stringify({ format: manifestFormat, name: installation })}\n`,
    )
    try {
      await storage.put(ownerMarkKey, mark, {
        ifAbsent: true,
        signal,
        contentType: 'application/json',
      })
      return
    } catch (error) {
      if (!isStorageError(error, 'already-exists')) throw error
    }
  }
  const found = owner ?? (await readOwner(storage, signal))
  if (found !== installation) throw foreign(storage, installation, found)
}

/** Rejects with `foreign-prefix` where another installation's mark stands; writes nothing. */
export async function assertNotForeign(
  storage: Storage,
  installation: string,
  signal: AbortSignal,
): Promise<void> {
  const owner = await readOwner(storage, signal)
  if (owner !== undefined && owner !== installation) throw foreign(storage, installation, owner)
}

function foreign(storage: Storage, installation: string, owner = 'unknown'): BackupError {
  return new BackupError(
    'foreign-prefix',
    `${storage.location} belongs to the installation "${owner}", not to "${installation}"`,
    {
      permanent: true,
      remedy: `Give this installation a prefix of its own, or name it "${owner}" in the configuration.`,
    },
  )
}

/** The installation that owns the prefix; undefined when nobody does yet. */
export async function readOwner(
  storage: Storage,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const bytes = await readSmallObject(storage, ownerMarkKey, signal)
  if (!bytes) return undefined
  try {
    const name: unknown = JSON.parse(new TextDecoder().decode(bytes)).name
    if (typeof name === 'string') return name
  } catch {
    // Falls through: a mark that cannot be read is nobody's to overwrite.
  }
  return '(unreadable mark)'
}
