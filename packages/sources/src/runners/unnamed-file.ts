import { closeSync, constants, openSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'

/** `open(2)`: a file without a name, gone with its last descriptor. Node has no name for it. */
const oTmpfile = 0o20000000 | constants.O_DIRECTORY

/**
 * A descriptor of a file that has no name and lies in memory, to be read from its beginning. A pipe
 * would not do: those of Node are sockets, which `/dev/fd/N` cannot open.
 */
export function openUnnamedFile(text: string): number {
  const descriptor = openNameless()
  const bytes = Buffer.from(text)
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at, null, at)
    return descriptor
  } catch (error) {
    closeSync(descriptor)
    throw error
  }
}

function openNameless(): number {
  const flags = oTmpfile | constants.O_RDWR
  try {
    return openSync('/dev/shm', flags, 0o600)
  } catch {
    // Not every container has it; the directory for temporary files then.
    return openSync(tmpdir(), flags, 0o600)
  }
}
