import { type ChecksumAlgorithm, checksumElement, type StoredChecksum } from '../checksums.ts'
import type { XmlValue } from '../xml.ts'

/** The elements by which S3 tells an object's checksum. */
export function checksumFields(checksum: StoredChecksum | undefined): { [name: string]: XmlValue } {
  if (!checksum) return {}
  return { ...partChecksumFields(checksum), ChecksumType: checksum.type }
}

export function partChecksumFields(
  checksum: { readonly algorithm: ChecksumAlgorithm; readonly value: string } | undefined,
): { [name: string]: XmlValue } {
  return checksum ? { [checksumElement(checksum.algorithm)]: checksum.value } : {}
}
