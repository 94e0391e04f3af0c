import { ArchiveError } from './archive-error.ts'
import type { TarBlock } from './decode-tar-header.ts'
import { paxNumber, paxTime } from './pax-records.ts'

export type TarEntryType =
  | 'file'
  | 'directory'
  | 'symlink'
  | 'link'
  | 'character-device'
  | 'block-device'
  | 'fifo'

export interface TarHeader {
  /** As text; U+FFFD where the bytes are not UTF-8. A directory without its trailing slash. */
  readonly path: string
  /** The path's bytes: what to create on disk. */
  readonly rawPath: Buffer
  readonly type: TarEntryType
  readonly size: number
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly userName: string
  readonly groupName: string
  /** With its fraction, as far as a double holds it; `mtimeNs` has all of it. */
  readonly mtimeMs: number
  readonly mtimeNs: bigint
  /** For symlinks and links, else ''. */
  readonly linkTarget: string
  readonly rawLinkTarget: Buffer
  readonly deviceMajor: number
  readonly deviceMinor: number
}

/** What stands before a header for what that cannot hold. */
export interface HeaderExtensions {
  path?: Buffer
  linkTarget?: Buffer
  pax?: ReadonlyMap<string, Buffer>
}

const types: Readonly<Record<string, TarEntryType>> = {
  '0': 'file',
  '1': 'link',
  '2': 'symlink',
  '3': 'character-device',
  '4': 'block-device',
  '5': 'directory',
  '6': 'fifo',
  '7': 'file',
}

export function combineHeaders(block: TarBlock, extensions: HeaderExtensions): TarHeader {
  const pax = extensions.pax
  const rawPath = withoutTrailingSlash(pax?.get('path') ?? extensions.path ?? block.path)
  const path = rawPath.toString()
  if (pax) refuseSparse(pax, path)
  const type = types[block.typeFlag]
  if (type === undefined) {
    const flag = JSON.stringify(block.typeFlag)
    throw unsupported(path, `a tar entry of type ${flag}`)
  }
  const rawLinkTarget = pax?.get('linkpath') ?? extensions.linkTarget ?? block.linkTarget
  const mtime = paxValue(pax, 'mtime', paxTime) ?? { seconds: block.mtimeSeconds, nanoseconds: 0 }
  return {
    path,
    rawPath,
    type,
    size: type === 'file' ? (paxValue(pax, 'size', paxNumber) ?? block.size) : 0,
    mode: block.mode,
    uid: paxValue(pax, 'uid', paxNumber) ?? block.uid,
    gid: paxValue(pax, 'gid', paxNumber) ?? block.gid,
    userName: pax?.get('uname')?.toString() ?? block.userName,
    groupName: pax?.get('gname')?.toString() ?? block.groupName,
    // Whole seconds and fraction apart, as Node computes it from a stat: equal times compare equal.
    mtimeMs: mtime.seconds * 1000 + mtime.nanoseconds / 1e6,
    mtimeNs: BigInt(mtime.seconds) * 1_000_000_000n + BigInt(mtime.nanoseconds),
    linkTarget: rawLinkTarget.toString(),
    rawLinkTarget,
    deviceMajor: block.deviceMajor,
    deviceMinor: block.deviceMinor,
  }
}

function refuseSparse(pax: ReadonlyMap<string, Buffer>, path: string): void {
  for (const key of pax.keys()) {
    if (key.startsWith('GNU.sparse.')) throw unsupported(path, 'a sparse tar entry')
  }
}

function unsupported(path: string, what: string): ArchiveError {
  return new ArchiveError('unsupported', `${quote(path)} is ${what}, which is not read`)
}

function paxValue<T>(
  pax: HeaderExtensions['pax'],
  key: string,
  parse: (value: Buffer) => T,
): T | undefined {
  const value = pax?.get(key)
  return value === undefined ? undefined : parse(value)
}

function withoutTrailingSlash(path: Buffer): Buffer {
  let end = path.length
  while (end > 1 && path[end - 1] === 0x2f) end--
  return end === path.length ? path : path.subarray(0, end)
}

/** A name for a message: whatever is in it, and not all of a very long one. */
export function quote(path: string): string {
  return JSON.stringify(path.length > 200 ? `${path.slice(0, 200)}…` : path)
}
