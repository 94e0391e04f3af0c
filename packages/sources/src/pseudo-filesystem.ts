import { type PathLike, statfsSync } from 'node:fs'

/** By the magic numbers of linux/magic.h. */
const pseudoFilesystems: ReadonlyMap<number, string> = new Map([
  [0x9fa0, 'proc'],
  [0x62656572, 'sysfs'],
  [0x27e0eb, 'cgroup'],
  [0x63677270, 'cgroup2'],
])

/** The name of the kernel's file system that is mounted there, or null for one that holds files. */
export function pseudoFilesystemAt(path: PathLike): string | null {
  // statfs gives a signed number where the type's top bit is set.
  return pseudoFilesystems.get(statfsSync(path).type >>> 0) ?? null
}
