import { type AgeIdentity, decryptAge, openAgeObject } from '@backstream/archive'
import { BackupError } from './errors.ts'
import type { Manifest } from './manifest.ts'

export interface ReadingOptions {
  readonly signal: AbortSignal
  /** For an encrypted backup; any of them may be the one. */
  readonly identities?: readonly AgeIdentity[] | undefined
}

/** Something stored, by range of its bytes. */
export interface RangedBytes {
  read(start: number, end: number): AsyncIterable<Uint8Array>
  readonly bytes: number
}

/** Rejects with `encrypted` when a backup cannot be opened with what is given, before any read. */
export function assertCanDecrypt(manifest: Manifest, { identities = [] }: ReadingOptions): void {
  const { encryption, plan, backup } = manifest
  if (!encryption) return
  if (encryption.format !== 'age') {
    throw new BackupError('encrypted', `${plan}/${backup} is encrypted as ${encryption.format}`, {
      permanent: true,
      remedy: 'Use a version that reads it; RESTORE.md beside the archive tells how to by hand.',
    })
  }
  if (identities.length > 0) return
  throw new BackupError(
    'encrypted',
    `${plan}/${backup} is encrypted to ${encryption.recipients.join(', ')}, and no identity was given`,
    {
      permanent: true,
      remedy:
        'Give the file with the private key of one of them: -i FILE, or BACKSTREAM_IDENTITY_FILE.',
    },
  )
}

/** The archive as it was before encryption, from its first byte to its proved end. */
export function decryptArchive(
  manifest: Manifest,
  stored: AsyncIterable<Uint8Array>,
  options: ReadingOptions,
): AsyncIterable<Uint8Array> {
  assertCanDecrypt(manifest, options)
  const { identities = [], signal } = options
  return manifest.encryption ? decryptAge(stored, { identities, signal }) : stored
}

/** Archive or index as it was before encryption, by range: their headers are of the same size. */
export async function decryptObject(
  manifest: Manifest,
  stored: RangedBytes,
  options: ReadingOptions,
): Promise<RangedBytes> {
  assertCanDecrypt(manifest, options)
  if (!manifest.encryption) return stored
  const { identities = [], signal } = options
  const { headerBytes } = manifest.encryption
  return await openAgeObject({ ...stored, headerBytes }, { identities, signal })
}
