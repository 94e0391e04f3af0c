import { execFileSync } from 'node:child_process'
import { chown } from 'node:fs/promises'

/** Servers of databases refuse to run as root: as root they are started as this user. */
const account = 'nobody'

const isRoot = (): boolean => process.getuid?.() === 0

/** The command line that runs a program without the rights of root, in the same process. */
export function unprivileged(program: string, args: readonly string[]): [string, string[]] {
  if (!isRoot()) return [program, [...args]]
  const group = numberOf('-g')
  const to = [`--reuid=${account}`, `--regid=${group}`, '--clear-groups']
  return ['setpriv', [...to, program, ...args]]
}

/** Gives a file or folder to that user. */
export async function giveAway(path: string): Promise<void> {
  if (isRoot()) await chown(path, numberOf('-u'), numberOf('-g'))
}

/** Gives a folder and all that is below it. */
export function giveAwayTree(path: string): void {
  if (isRoot()) execFileSync('chown', ['-R', `${numberOf('-u')}:${numberOf('-g')}`, path])
}

function numberOf(which: '-u' | '-g'): number {
  return Number(execFileSync('id', [which, account], { encoding: 'utf8' }))
}
