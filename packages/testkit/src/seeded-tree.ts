import { seededRandom } from './content.ts'
import type { TreeContent, TreeEntry } from './tree.ts'
import { writeTree } from './write-tree.ts'

export interface SeededTreeOptions {
  readonly files: number
  /** Of all files together, to within a few bytes a file. */
  readonly bytes: number
  readonly seed: number
}

/**
 * A tree as people have them, the same for the same options: many small files and a few large ones
 * (log-normal), most of them text, in folders by the hundred, with some links.
 */
export async function seededTree(dir: string, options: SeededTreeOptions): Promise<void> {
  const random = seededRandom(options.seed)
  const weights = Array.from({ length: options.files }, () => Math.exp(2 * normal(random)))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  const entries: TreeEntry[] = []
  let folder = ''
  for (const [index, weight] of weights.entries()) {
    if (index % 100 === 0) {
      folder = `folder-${String(index / 100).padStart(4, '0')}`
      entries.push({
        kind: 'directory',
        path: Buffer.from(folder),
        mode: 0o755,
        mtimeSeconds: someTime(random),
      })
      if (index > 0) entries.push(linkInto(folder, entries, index / 100))
    }
    const like: TreeContent['like'] = random() < 0.7 ? 'text' : 'noise'
    const bytes = Math.round((weight / total) * options.bytes)
    const name = `${like}-${index}.${like === 'text' ? 'txt' : 'bin'}`
    entries.push({
      kind: 'file',
      path: Buffer.from(`${folder}/${name}`),
      content: { bytes, seed: Math.floor(random() * 2 ** 31), like },
      mode: random() < 0.1 ? 0o755 : 0o644,
      mtimeSeconds: someTime(random),
    })
  }
  await writeTree(dir, [...entries, ...oddities(random)])
}

/** Alternately a hard link and a symlink to the file made last. */
function linkInto(folder: string, entries: readonly TreeEntry[], nth: number): TreeEntry {
  const file = entries.findLast((entry) => entry.kind === 'file')?.path ?? Buffer.from('.')
  if (nth % 2 === 0) return { kind: 'link', path: Buffer.from(`${folder}/again`), to: file }
  const target = Buffer.from(`../${file}`)
  return {
    kind: 'symlink',
    path: Buffer.from(`${folder}/link`),
    target,
    mtimeSeconds: 1_700_000_000,
  }
}

/** What any home folder has sooner or later, and what naive backups lose. */
function oddities(random: () => number): TreeEntry[] {
  const mtimeSeconds = someTime(random)
  const content = { bytes: 4097, seed: 1, like: 'text' } as const
  const file = (name: string): TreeEntry => ({
    kind: 'file',
    path: Buffer.from(`odd/${name}`),
    content,
    mode: 0o600,
    mtimeSeconds,
  })
  return [
    { kind: 'directory', path: Buffer.from('odd'), mode: 0o750, mtimeSeconds },
    { kind: 'directory', path: Buffer.from('odd/empty folder'), mode: 0o700, mtimeSeconds },
    file('-leading dash'),
    file('gr\u00fc\u00dfe \u{1f44b}.txt'),
    file('two\nlines'),
    file('l'.repeat(200)),
    {
      kind: 'symlink',
      path: Buffer.from('odd/dangling'),
      target: Buffer.from('nowhere'),
      mtimeSeconds,
    },
  ]
}

function someTime(random: () => number): number {
  return 1_500_000_000 + Math.floor(random() * 2e14) / 1e6
}

/** Box and Muller's way to a normal distribution. */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}
