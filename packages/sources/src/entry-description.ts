import type { BigIntStats } from 'node:fs'
import {
  type ByteString,
  decodeByteString,
  type EntryType,
  isAscii,
  type TarHeaderFields,
} from '@backstream/archive/tar'
import type { OwnerNames } from './owner-names.ts'
import type { ListedEntry } from './reader-thread-protocol.ts'

export interface Described {
  readonly path: ByteString
  readonly type: Exclude<EntryType, 'stream'>
  readonly stat: BigIntStats
  readonly linkTarget?: ByteString
}

/** What the index and a dry run say of an entry. */
export function listedEntry({ path, type, stat, linkTarget }: Described): ListedEntry {
  const text = decodeByteString(path)
  const isLossy = !isAscii(path) && text.includes('\ufffd')
  return {
    path: text,
    ...(isLossy && { rawPath: Buffer.from(path, 'latin1') }),
    type,
    size: type === 'file' ? Number(stat.size) : 0,
    mode: Number(stat.mode) & 0o7777,
    mtimeMs:
      Number(stat.mtimeNs / 1_000_000_000n) * 1000 + Number(stat.mtimeNs % 1_000_000_000n) / 1e6,
    ...(linkTarget !== undefined && { linkTarget: decodeByteString(linkTarget) }),
  }
}

/** What the archive says of it. */
export function headerFields(
  { path, type, stat, linkTarget = '' }: Described,
  owners: OwnerNames,
): TarHeaderFields {
  const uid = Number(stat.uid)
  const gid = Number(stat.gid)
  return {
    path,
    type,
    size: type === 'file' ? Number(stat.size) : 0,
    mode: Number(stat.mode),
    uid,
    gid,
    userName: owners.user(uid),
    groupName: owners.group(gid),
    mtimeNs: stat.mtimeNs,
    linkTarget,
  }
}
