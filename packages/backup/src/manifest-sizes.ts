import type { Manifest } from './manifest.ts'

/** Bytes of all volumes and of the index. */
export function storedBytesOf(manifest: Manifest): number {
  return manifest.archives.reduce((total, { bytes }) => total + bytes, manifest.index.bytes)
}

/** Content bytes of all sources. */
export function contentBytesOf(manifest: Manifest): number {
  return manifest.sources.reduce((total, { bytes }) => total + bytes, 0)
}
