import { encryptAge, type PackedArchive, parseAgeRecipient } from '@backstream/archive'
import type { BackupPlan } from './backup-request.ts'
import type { Manifest } from './manifest.ts'

/** Archive and index as they are to be stored. */
export interface SealedArchive {
  readonly body: AsyncIterable<Uint8Array>
  readonly index: AsyncIterable<Uint8Array>
  readonly encryption: Manifest['encryption']
}

/** Encrypts both to the plan's recipients, each with a key of its own; without any, as they are. */
export function encryptArchive(
  { body, index }: PackedArchive,
  encryption: BackupPlan['encryption'],
): SealedArchive {
  if (!encryption) return { body, index, encryption: null }
  const { recipients } = encryption
  const keys = recipients.map(parseAgeRecipient)
  const archive = encryptAge(body, keys)
  return {
    body: archive.body,
    index: encryptAge(index, keys).body,
    encryption: { format: 'age', recipients, headerBytes: archive.headerBytes },
  }
}
