import { readFileSync } from 'node:fs'
import type { ByteString } from '@backstream/archive/tar'

/** Names of users and groups by id, as the local files have them; '' for those they do not name. */
export interface OwnerNames {
  user(id: number): ByteString
  group(id: number): ByteString
}

/** Reads both files once: a lookup for each file would ask the directory service a million times. */
export function readOwnerNames(passwd = '/etc/passwd', group = '/etc/group'): OwnerNames {
  const users = readNames(passwd)
  const groups = readNames(group)
  return {
    user: (id) => users.get(id) ?? '',
    group: (id) => groups.get(id) ?? '',
  }
}

function readNames(file: string): ReadonlyMap<number, ByteString> {
  const names = new Map<number, ByteString>()
  let text: string
  try {
    text = readFileSync(file, 'latin1')
  } catch {
    // Some containers have neither file; ids alone are a whole answer.
    return names
  }
  for (const line of text.split('\n')) {
    const [name, , id] = line.split(':')
    if (!name || !id || !/^\d+$/.test(id) || names.has(Number(id))) continue
    names.set(Number(id), name)
  }
  return names
}
