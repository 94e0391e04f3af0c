import { deepEqual, match, notEqual } from 'node:assert/strict'
import { chmod, link, lutimes, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { test } from 'node:test'
import { compareTrees } from './compare-trees.ts'
import { digestTree, snapshotTree } from './snapshot-tree.ts'
import { temporaryDirectory } from './temporary-directory.ts'
import type { Tree } from './tree.ts'
import { writeTree } from './write-tree.ts'

const mtimeSeconds = 1_700_000_000.25
const content = { bytes: 3, seed: 1, like: 'text' } as const
const tree: Tree = [
  { kind: 'directory', path: Buffer.from('d'), mode: 0o755, mtimeSeconds },
  { kind: 'file', path: Buffer.from('d/f'), mode: 0o644, mtimeSeconds, content },
  { kind: 'link', path: Buffer.from('d/g'), to: Buffer.from('d/f') },
  { kind: 'symlink', path: Buffer.from('s'), target: Buffer.from('d/f'), mtimeSeconds },
]

type Change = readonly [what: string, change: (dir: string) => Promise<unknown>, said: RegExp]
const changes: readonly Change[] = [
  ['a missing file', (dir) => rm(`${dir}/s`), /^"s" is missing$/m],
  ['a further file', (dir) => writeFile(`${dir}/new`, ''), /^"new" should not be there$/m],
  ['another size', (dir) => truncate(`${dir}/d/f`, 2), /^"d\/f" has size 2, not 3$/m],
  ['other bytes', (dir) => writeFile(`${dir}/d/f`, 'xyz'), /^"d\/f" has sha256 \w+, not \w+$/m],
  ['another mode', (dir) => chmod(`${dir}/d`, 0o700), /^"d" has mode 700, not 755$/m],
  ['a lost setuid bit', (dir) => chmod(`${dir}/d/f`, 0o4644), /^"d\/f" has mode 4644, not 644$/m],
  [
    'another mtime',
    (dir) => lutimes(`${dir}/s`, 1, 2.5),
    /^"s" has mtime 2\.500000000, not 1700000000\.250000000$/m,
  ],
  [
    'another target',
    async (dir) => {
      await rm(`${dir}/s`)
      await symlink('d', `${dir}/s`)
    },
    /^"s" has target "d", not "d\/f"$/m,
  ],
  [
    'a hard link that became a copy',
    async (dir) => {
      await rm(`${dir}/d/g`)
      await writeFile(`${dir}/d/g`, 'abc')
    },
    /^"d\/g" has hard links with nothing, not "d\/f"$/m,
  ],
  ['a link more', (dir) => link(`${dir}/d/f`, `${dir}/h`), /^"h" should not be there$/m],
  [
    'another type',
    async (dir) => {
      await rm(`${dir}/s`)
      await writeFile(`${dir}/s`, '')
    },
    /^"s" is a file, not a symlink$/m,
  ],
  ['another name', (dir) => rename(`${dir}/s`, `${dir}/S`), /^"S" should not be there$/m],
]

test('two trees made from the same description are equal and have one digest', async () => {
  const [one, other] = [await makeTree(), await makeTree()]
  deepEqual(compareTrees(one, other), [])
  deepEqual(digestTree(one), digestTree(other))
})

for (const [what, change, said] of changes) {
  test(`names ${what}, which gives another digest unless it is a time`, async () => {
    const [before, after] = [await makeTree(), await makeTree(change)]
    match(compareTrees(before, after).join('\n'), said)
    if (what !== 'another mtime') notEqual(digestTree(before), digestTree(after))
  })
}

test('mtimes may differ by what the file system interface cannot hold, and no more', async () => {
  const before = await makeTree()
  const file = before.get('s')
  if (!file) throw new Error('no file')
  const at = (ns: bigint) => new Map(before).set('s', { ...file, mtimeNs: file.mtimeNs + ns })
  deepEqual(compareTrees(before, at(-1000n)), [])
  deepEqual(compareTrees(before, at(1001n)).length, 1)
})

async function makeTree(change: (dir: string) => Promise<unknown> = async () => {}) {
  await using dir = await temporaryDirectory()
  await writeTree(dir.path, tree)
  await change(dir.path)
  return await snapshotTree(dir.path)
}
