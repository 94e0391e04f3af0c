/**
 * Verification reads a backup back and compares it.
 *
 * `stored`: archive, index and the guide beside them, byte for byte against the manifest's sizes and
 * hashes; needs no key. `deep`: also what is inside: every frame opened, the tar read to its end,
 * counts, sizes and checksums of the plain bytes, and each entry against the index.
 */
import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { type IndexEntry, readTar, type TarHeader, unpackFrames } from '@backstream/archive'
import { describeError } from '@backstream/kernel'
import type { Storage } from '@backstream/storage'
import { isDamage } from './damage.ts'
import { assertCanDecrypt, decryptArchive, type ReadingOptions } from './decrypt-archive.ts'
import { BackupError } from './errors.ts'
import type { Manifest } from './manifest.ts'
import { openBackup } from './open-backup.ts'
import { readArchive } from './read-archive.ts'

/** Identities are needed for an encrypted backup, `deep`. */
export interface VerifyRequest extends ReadingOptions {
  readonly manifest: Manifest
  readonly depth: 'stored' | 'deep'
  /** Called with the bytes read so far, of `bytesToVerify`. */
  readonly onProgress?: (bytes: number) => void
}

export interface VerifyReport {
  readonly depth: 'stored' | 'deep'
  /** Empty: the backup is what its manifest says. In words, the archive first. */
  readonly problems: readonly string[]
  /** Bytes read from the store. */
  readonly bytes: number
}

/** What a verification will read. */
export function bytesToVerify(manifest: Manifest): number {
  return manifest.archives.reduce((sum, { bytes }) => sum + bytes, manifest.index.bytes)
}

/**
 * Resolves with what was found, a refuted backup included. Rejects when it could not be found out:
 * the store cannot be reached, the signal was aborted, a key is missing.
 */
export async function verifyBackup(
  storage: Storage,
  request: VerifyRequest,
): Promise<VerifyReport> {
  if (request.depth === 'deep') assertCanDecrypt(request.manifest, request)
  let bytes = 0
  const count = (chunk: Uint8Array) => {
    bytes += chunk.byteLength
    request.onProgress?.(bytes)
  }
  const archive = await asProblem(() => verifyArchive(storage, request, count))
  const index = await asProblem(() => verifyIndex(storage, request, count))
  const isWorthLooking = request.depth === 'deep' && archive.length > 0 && index.length === 0
  const where = isWorthLooking ? await locate(storage, request) : []
  const problems = [...archive, ...where, ...index]
  return { depth: request.depth, problems, bytes }
}

/** Frames and files that are damaged, in words. The index is whole, so it tells. */
async function locate(storage: Storage, request: VerifyRequest): Promise<string[]> {
  const backup = await openBackup(storage, request.manifest, request)
  return (await backup.findDamage()).map(({ frame, offset, entries, paths }) => {
    const more = entries > paths.length ? ` and ${entries - paths.length} more` : ''
    return `frame ${frame} at byte ${offset} cannot be read; in it lie ${paths.join(', ')}${more}`
  })
}

/** What contradicts the manifest is a finding; what only keeps us from looking is not. */
async function asProblem(verify: () => Promise<void>): Promise<string[]> {
  try {
    await verify()
    return []
  } catch (error) {
    if (!isDamage(error)) throw error
    return [describeError(error)]
  }
}

async function verifyArchive(
  storage: Storage,
  request: VerifyRequest,
  count: (chunk: Uint8Array) => void,
): Promise<void> {
  const { manifest, depth, signal } = request
  const stored = (async function* () {
    for await (const chunk of readArchive(storage, manifest, { signal, reusesMemory: true })) {
      count(chunk)
      yield chunk
    }
  })()
  if (depth === 'stored') {
    for await (const _ of stored);
    return
  }
  const { algorithm } = manifest.compression
  const sum = { bytes: 0, crc32: 0 }
  const archive = decryptArchive(manifest, stored, request)
  const plain = (async function* () {
    for await (const chunk of unpackFrames(archive, { algorithm, signal, reusedAfter: 1 })) {
      sum.bytes += chunk.byteLength
      sum.crc32 = crc32(chunk, sum.crc32)
      yield chunk
    }
  })()
  const backup = await openBackup(storage, manifest, request)
  const match = matchEntries(backup.entriesBelow('')[Symbol.asyncIterator]())
  let entries = 0
  for await (const { header } of readTar(plain, { signal })) {
    entries += 1
    await match.next(header)
  }
  await match.end()
  const { content } = manifest
  assertEqual('entries', entries, content.entries)
  assertEqual('plain bytes', sum.bytes, content.bytes)
  assertEqual('CRC-32', sum.crc32.toString(16).padStart(8, '0'), content.crc32)
}

/** Holds the index against the archive, entry by entry, while both are read once. */
function matchEntries(index: AsyncIterator<IndexEntry>) {
  let expected: IndexEntry | undefined
  let membersLeft = 0
  return {
    async next(header: TarHeader): Promise<void> {
      if (membersLeft === 0) {
        const step = await index.next()
        expected = step.done ? undefined : step.value
        membersLeft = expected?.members ?? 1
      }
      membersLeft -= 1
      if (expected && isSame(expected, header)) return
      throw differs(
        `the archive holds ${header.path} where the index says ${expected?.path ?? 'it ends'}`,
      )
    },
    async end(): Promise<void> {
      if (membersLeft > 0 || !(await index.next()).done) {
        throw differs('the index names more entries than the archive holds')
      }
    },
  }
}

function isSame(entry: IndexEntry, header: TarHeader): boolean {
  const isStream = entry.type === 'stream'
  const path = entry.rawPath ?? Buffer.from(entry.path)
  return (
    header.rawPath.equals(path) &&
    header.type === (isStream ? 'file' : entry.type) &&
    (isStream || header.size === entry.size) &&
    header.mode === entry.mode
  )
}

async function verifyIndex(
  storage: Storage,
  { manifest, signal }: VerifyRequest,
  count: (chunk: Uint8Array) => void,
): Promise<void> {
  const hash = createHash('sha256')
  let bytes = 0
  const { body } = await storage.get(manifest.index.key, { signal })
  for await (const chunk of body) {
    hash.update(chunk)
    bytes += chunk.byteLength
    count(chunk)
  }
  if (bytes !== manifest.index.bytes || hash.digest('hex') !== manifest.index.sha256) {
    throw differs(`${storage.location}/${manifest.index.key} is not what was stored`)
  }
}

function assertEqual(what: string, found: number | string, expected: number | string): void {
  if (found !== expected) throw differs(`${found} ${what} instead of ${expected}`)
}

function differs(message: string): BackupError {
  return new BackupError('not-verified', message, { permanent: true })
}
