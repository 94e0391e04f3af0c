import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { assert, asyncProperty, sample } from 'fast-check'
import { compareTrees } from './compare-trees.ts'
import { type SnapshotEntry, snapshotTree } from './snapshot-tree.ts'
import { temporaryDirectory } from './temporary-directory.ts'
import type { Tree, TreeEntry } from './tree.ts'
import { treeArbitrary } from './tree-arbitrary.ts'
import { writeTree } from './write-tree.ts'

const options = { nonUtf8Names: true, maxFileBytes: 70_000 }

test('every generated tree can be written, is what it says it is, and is the same again', async () => {
  await assert(
    asyncProperty(treeArbitrary(options), async (tree) => {
      await using one = await temporaryDirectory()
      await using other = await temporaryDirectory()
      await writeTree(one.path, tree)
      await writeTree(other.path, tree)
      const snapshot = await snapshotTree(one.path)
      equal(snapshot.size, tree.length)
      for (const entry of tree) checkEntry(entry, snapshot.get(entry.path.toString('latin1')))
      deepEqual(compareTrees(snapshot, await snapshotTree(other.path)), [])
    }),
    { numRuns: 25 },
  )
})

test('the trees hold what they are meant to hold', () => {
  const trees: Tree[] = sample(treeArbitrary(options), { numRuns: 400, seed: 1 })
  const entries = trees.flat()
  const some = (what: string, is: (entry: TreeEntry) => boolean) => ok(entries.some(is), what)
  const nameOf = (entry: TreeEntry) => entry.path.subarray(entry.path.lastIndexOf('/') + 1)
  some('a hard link', ({ kind }) => kind === 'link')
  some('a name of 255 bytes', (entry) => nameOf(entry).length === 255)
  some('a path over 255 bytes', ({ path }) => path.length > 255)
  some('a newline', ({ path }) => path.includes('\n'))
  some('a leading dash', (entry) => nameOf(entry)[0] === 0x2d)
  some('a name that is not UTF-8', ({ path }) => !Buffer.from(path.toString()).equals(path))
  some('a setuid file', (entry) => entry.kind === 'file' && (entry.mode & 0o4000) !== 0)
  some('an empty file', (entry) => entry.kind === 'file' && entry.content.bytes === 0)
  some('a time before 1970', (entry) => entry.kind !== 'link' && entry.mtimeSeconds < 0)
  some('a fraction', (entry) => entry.kind !== 'link' && entry.mtimeSeconds % 1 !== 0)
  ok(
    trees.some((tree) => tree.length === 0),
    'an empty tree',
  )
})

function checkEntry(entry: TreeEntry, found: SnapshotEntry | undefined): void {
  ok(found, 'it is there')
  equal(found.type, entry.kind === 'link' ? 'file' : entry.kind)
  if (entry.kind !== 'link') {
    const apartMs = Number(found.mtimeNs) / 1e6 - entry.mtimeSeconds * 1000
    ok(Math.abs(apartMs) <= 1, `its time is ${apartMs} ms off`)
  }
  if (entry.kind !== 'file') return
  equal(found.size, entry.content.bytes)
  equal(found.mode, entry.mode)
}
