import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { contenders, runCommandLine } from './contenders.ts'
import type { Contest } from './contest.ts'
import type { CaseOptions } from './run-case.ts'
import { startBenchServer } from './s3-server.ts'
import type { Workload } from './workload.ts'

export interface OneFile {
  readonly path: string
  readonly wallSeconds: number
  readonly fetchedBytes: number
  readonly storedBytes: number
}

/** Small files, one at a time, out of an archive that holds the large ones too, in the Ceph gateway. */
export async function measureOneFile(
  options: CaseOptions,
  { trees, rounds }: { readonly trees: readonly Workload[]; readonly rounds: number },
): Promise<OneFile[]> {
  const { memory, ...shared } = options
  await using server = await startBenchServer('ceph')
  const target = `${memory}/one-file`
  const contest: Contest = { ...shared, server, trees, run: 'one-file', target }
  await contenders.backstream.run(contest)
  const shown = await runCommandLine(contest, ['show', 'tree', '--json'])
  const { archives } = JSON.parse(shown.stdout)
  const storedBytes = archives.reduce((sum: number, { bytes }: { bytes: number }) => sum + bytes, 0)
  const found: OneFile[] = []
  for (let round = 1; round <= rounds; round++) {
    const path = pickFile(trees[0], round / (rounds + 1))
    const args = ['restore', 'tree', '--path', path, '--to', contest.target, '--json']
    const { wallSeconds, stdout } = await runCommandLine(contest, args)
    rmSync(contest.target, { recursive: true, force: true })
    found.push({ path, wallSeconds, fetchedBytes: JSON.parse(stdout).fetchedBytes, storedBytes })
  }
  return found
}

/** The path in the archive of a file so far into the tree, of those of a middle size. */
function pickFile(tree: Workload | undefined, at: number): string {
  if (!tree) throw new Error('there is no tree to take a file from')
  const folders = readdirSync(join(tree.path, 'small')).sort()
  const folder = folders[Math.floor(folders.length * at)] ?? ''
  const [file = ''] = readdirSync(join(tree.path, 'small', folder))
  return `${tree.name}/small/${folder}/${file}`
}
