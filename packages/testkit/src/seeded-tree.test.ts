import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { zstdCompressSync } from 'node:zlib'
import { contentOf } from './content.ts'
import { seededTree } from './seeded-tree.ts'
import { digestTree, snapshotTree } from './snapshot-tree.ts'
import { temporaryDirectory } from './temporary-directory.ts'

async function make(seed: number) {
  await using dir = await temporaryDirectory()
  await seededTree(dir.path, { files: 250, bytes: 1_000_000, seed })
  return await snapshotTree(dir.path)
}

test('the same seed makes the same tree, another seed another one', async () => {
  const first = digestTree(await make(1))
  equal(digestTree(await make(1)), first)
  ok(digestTree(await make(2)) !== first)
})

test('holds as many files and bytes as were asked for, and links of both kinds', async () => {
  const entries = [...(await make(1)).values()]
  const files = entries.filter(({ type, sameAs }) => type === 'file' && sameAs === null)
  ok(files.length >= 248 && files.length <= 256, `${files.length} files`)
  const bytes = files.reduce((sum, { size }) => sum + size, 0)
  ok(Math.abs(bytes - 1_000_000) < 100_000, `${bytes} bytes`)
  ok(entries.some(({ type }) => type === 'symlink'))
  ok(entries.some(({ sameAs }) => sameAs !== null))
})

test('content follows from its seed alone; text compresses, noise does not', () => {
  const make = (like: 'text' | 'noise' | 'zeros', seed: number) =>
    Buffer.concat([...contentOf({ like, seed, bytes: 300_001 })])
  const ratio = (bytes: Buffer) => bytes.length / zstdCompressSync(bytes).length
  deepEqual(make('text', 5), make('text', 5))
  ok(!make('noise', 5).equals(make('noise', 6)))
  equal(make('noise', 5).length, 300_001)
  ok(ratio(make('text', 5)) > 1.8)
  ok(ratio(make('noise', 5)) < 1.01)
})
