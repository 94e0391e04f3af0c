import { crc32 } from 'node:zlib'
import { unpackFrames } from '@backstream/archive'
import type { Storage } from '@backstream/storage'
import { isDamage } from './damage.ts'
import { assertCanDecrypt, decryptArchive, type ReadingOptions } from './decrypt-archive.ts'
import { BackupError } from './errors.ts'
import type { ExtractReport } from './extract-report.ts'
import { type GoOnRequest, goOnPastDamage } from './go-on-past-damage.ts'
import type { Manifest } from './manifest.ts'
import type { Overwrite } from './overwrite.ts'
import { prepareTarget } from './prepare-target.ts'
import { readArchive } from './read-archive.ts'
import { createTreeMaker } from './tree-maker.ts'
import { chunksAhead, openTreeThread } from './tree-thread.ts'

export interface RestoreRequest extends ReadingOptions {
  readonly manifest: Manifest
  /** Made (0700) when it is not there; must be empty unless `overwrite` is said. */
  readonly to: string
  readonly overwrite?: Overwrite | undefined
  readonly keepSetuid?: boolean
  readonly keepOwners: boolean
  /** Filled as it goes: what there is to tell of a restore that failed. */
  readonly report?: ExtractReport
  readonly onProgress?: (progress: RestoreProgress) => void
}

export interface RestoreProgress {
  readonly bytesFetched: number
  readonly bytesTotal: number
  readonly entries: number
}

/**
 * Restores a whole backup into a directory, and resolves only when every byte was compared:
 * the stored volumes with the manifest's SHA-256, each frame with its checksum, the plain tar with
 * size, CRC-32 and entry counts. A rejection leaves what was written so far where it is; where it is
 * for damage that frames tell apart, all that is not damaged is written, and the report names the rest.
 */
export async function restoreBackup(
  storage: Storage,
  request: RestoreRequest,
): Promise<ExtractReport> {
  const { manifest, signal, to, overwrite, keepOwners, keepSetuid, report: filled } = request
  assertCanDecrypt(manifest, request)
  const bytesTotal = manifest.archives.reduce((total, { bytes }) => total + bytes, 0)
  const options = {
    ...prepareTarget(to, overwrite),
    ...{ keepOwners, keepSetuid, maxBytes: manifest.content.bytes },
  }
  const makeTree = isWorthAThread(manifest) ? openTreeThread : createTreeMaker
  await using tree = await makeTree(options, { signal, report: filled })
  const { report } = tree
  const onFetched = (bytesFetched: number) =>
    request.onProgress?.({ bytesFetched, bytesTotal, entries: report.entries })
  const stored = decryptArchive(
    manifest,
    readArchive(storage, manifest, { signal, onFetched, reusesMemory: true }),
    request,
  )
  const sum = { bytes: 0, crc32: 0 }
  const { algorithm } = manifest.compression
  const frames = unpackFrames(stored, { algorithm, signal, reusedAfter: chunksAhead + 1 })
  const plain = tally(frames, sum, manifest)
  try {
    await tree.extract(plain)
  } catch (error) {
    const extractor = tree.goOn()
    if (isDamage(error) && hasChecksums(manifest)) {
      await goOn(storage, { ...request, extractor, done: report.entries })
    }
    extractor.abandon()
    throw error
  }
  assertSame(manifest, { ...sum, entries: report.entries })
  return report
}

/** What is small is done before a thread has begun. */
function isWorthAThread({ content }: Manifest): boolean {
  return content.bytes > 16 << 20
}

/** Of what is neither compressed nor encrypted nothing says which of it is as it was. */
function hasChecksums({ compression, encryption }: Manifest): boolean {
  return compression.algorithm !== 'none' || encryption !== null
}

async function goOn(storage: Storage, request: GoOnRequest): Promise<void> {
  const { extractor } = request
  try {
    await goOnPastDamage(storage, request)
  } catch (error) {
    // Without an index it ends where the damage is, which is what there is to tell.
    if (isDamage(error)) return
    extractor.abandon()
    throw error
  }
  extractor.finish()
}

/** What unpacks to more than was packed ends here, and not when the disk is full. */
async function* tally(
  plain: AsyncIterable<Uint8Array>,
  sum: { bytes: number; crc32: number },
  { plan, backup, content }: Manifest,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of plain) {
    sum.bytes += chunk.byteLength
    if (sum.bytes > content.bytes) {
      const message = `The archive of ${plan}/${backup} holds more than the ${content.bytes} bytes that were backed up`
      throw new BackupError('not-verified', message, { permanent: true, remedy })
    }
    sum.crc32 = crc32(chunk, sum.crc32)
    yield chunk
  }
}

function assertSame(
  { content, plan, backup }: Manifest,
  found: { readonly bytes: number; readonly crc32: number; readonly entries: number },
): void {
  const sum = found.crc32.toString(16).padStart(8, '0')
  const isSame =
    found.bytes === content.bytes && sum === content.crc32 && found.entries === content.entries
  if (isSame) return
  throw new BackupError(
    'not-verified',
    `What was restored of ${plan}/${backup} is not what was backed up: ${found.entries} entries, ${found.bytes} bytes, CRC-32 ${sum} instead of ${content.entries}, ${content.bytes}, ${content.crc32}`,
    { permanent: true, remedy },
  )
}

const remedy = 'Do not rely on what was written; restore another backup.'
