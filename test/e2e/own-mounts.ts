import { spawnSync } from 'node:child_process'

const ways = [
  ['unshare', '--mount'],
  ['unshare', '--map-root-user', '--mount'],
] as const

/** How a command gets mounts of its own, as root or as anybody else; null where neither is allowed. */
export const ownMounts: readonly [string, ...string[]] | null =
  ways.find(([program, ...args]) => spawnSync(program, [...args, 'true']).status === 0) ?? null
