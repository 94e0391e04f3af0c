import assert from 'node:assert/strict'
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { readTar } from '@backstream/archive'
import fc from 'fast-check'
import { type SampleEntry, segmentOf, tarOf } from './backup-samples.ts'
import { BackupError } from './errors.ts'
import type { ExtractReport } from './extract-report.ts'
import { TreeExtractor } from './extract-tree.ts'

const { signal } = new AbortController()

interface Place {
  /** Where the tar is extracted. */
  readonly root: string
  /** Beside it: nothing may ever appear here. */
  readonly outside: string
}

function openPlace(t: TestContext): Place {
  const base = mkdtempSync(join(tmpdir(), 'backstream-extract-'))
  t.after(() => rmSync(base, { recursive: true, force: true }))
  return makePlace(base)
}

function makePlace(base: string): Place {
  const place = { root: join(base, 'root'), outside: join(base, 'outside') }
  mkdirSync(place.root)
  mkdirSync(place.outside)
  return place
}

async function extract(
  { root }: Place,
  tar: AsyncIterable<Uint8Array>,
  over: { readonly keepSetuid?: boolean } = {},
): Promise<ExtractReport> {
  const extractor = new TreeExtractor({ root, keepOwners: false, ...over }, { signal })
  for await (const entry of readTar(tar, { signal })) await extractor.extract(entry)
  return extractor.finish()
}

const link = (path: string, linkTarget: string): SampleEntry => ({ path, type: 'link', linkTarget })
const symlink = (path: string, linkTarget: string): SampleEntry => {
  return { path, type: 'symlink', linkTarget }
}
const directory = (path: string): SampleEntry => ({ path, type: 'directory', mode: 0o755 })
const file = (path: string, content = 'content'): SampleEntry => ({ path, content })

/** The tar of one entry with another type flag, its checksum made good. */
async function* withTypeFlag(entry: SampleEntry, flag: string): AsyncGenerator<Uint8Array> {
  const block = Buffer.from(segmentOf({ mtimeNs: 0n, ...entry }).bytes)
  block.write(flag, 156, 'latin1')
  block.fill(' ', 148, 156)
  const sum = block.subarray(0, 512).reduce((total, byte) => total + byte, 0)
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  yield block
  yield Buffer.alloc(1024)
}

describe('extracting a tree', () => {
  it('writes what the tar holds', async (t) => {
    const place = openPlace(t)
    const report = await extract(
      place,
      tarOf([
        directory('.'),
        directory('dir'),
        { ...file('dir/a', 'hello'), mode: 0o640 },
        link('dir/b', 'dir/a'),
        symlink('to-etc', '/etc/passwd'),
        file('made/parents/deep'),
      ]),
    )
    assert.deepEqual([report.entries, report.files, report.bytes], [6, 2, 12])
    assert.equal(readFileSync(join(place.root, 'dir/b'), 'utf8'), 'hello')
    assert.equal(lstatSync(join(place.root, 'dir/a')).mode & 0o777, 0o640)
    assert.equal(lstatSync(join(place.root, 'dir/a')).nlink, 2)
    // A link that leads outside is content like any other; only nothing is written through it.
    assert.equal(readlinkSync(join(place.root, 'to-etc')), '/etc/passwd')
  })

  it('goes on with a stream that lies in several members of one name', async (t) => {
    const place = openPlace(t)
    await extract(place, tarOf([file('dump', 'one '), file('dump', 'two')]))
    assert.equal(readFileSync(join(place.root, 'dump'), 'utf8'), 'one two')
  })

  it('takes set-user-id bits off unless told to keep them', async (t) => {
    const tar = () => tarOf([{ ...file('su'), mode: 0o6755 }])
    const place = openPlace(t)
    assert.equal((await extract(place, tar())).setuidCleared, 1)
    assert.equal(lstatSync(join(place.root, 'su')).mode & 0o7777, 0o755)
    const kept = openPlace(t)
    assert.equal((await extract(kept, tar(), { keepSetuid: true })).setuidCleared, 0)
    assert.equal(lstatSync(join(kept.root, 'su')).mode & 0o7777, 0o6755)
  })

  const hostile: readonly (readonly [string, readonly SampleEntry[]])[] = [
    ['an absolute name', [file('/etc/backstream-was-here')]],
    ['a name that leads upwards', [file('../outside/x')]],
    ['a name that leads upwards on its way', [file('dir/../../outside/x')]],
    ['a directory that leads upwards', [directory('..')]],
    ['a file named like the root', [file('.')]],
    ['a file under a link', [symlink('way', '../outside'), file('way/x')]],
    ['a directory in place of a link', [symlink('way', '../outside'), directory('way')]],
    ['a directory under a link', [symlink('way', '../outside'), directory('way/x')]],
    ['a link under a link', [symlink('way', '../outside'), symlink('way/x', 'y')]],
    ['a file under a link to a link', [symlink('a', '../outside'), symlink('b', 'a'), file('b/x')]],
    ['a file over a link', [symlink('x', '../outside/x'), file('x')]],
    ['a second file over a hard link', [file('x'), link('y', 'x'), file('y', 'other')]],
    ['a hard link to an absolute name', [link('x', '/etc/passwd')]],
    ['a hard link upwards', [link('x', '../outside/x')]],
    ['a hard link through a link', [symlink('way', '/etc'), link('x', 'way/passwd')]],
    ['a hard link to a link', [symlink('x', '/etc/passwd'), link('y', 'x')]],
    ['a hard link to a directory', [directory('d'), link('y', 'd')]],
    ['a hard link to what is not there', [link('y', 'gone')]],
    ['a hard link to the root', [link('y', '.')]],
    ['a link over a file', [file('x'), symlink('x', '/etc/passwd')]],
    ['a link over a directory', [directory('d'), symlink('d', '../outside')]],
    ['a directory over a file', [file('x'), directory('x')]],
  ]
  for (const [title, entries] of hostile) {
    it(`refuses ${title}, and writes nothing outside`, async (t) => {
      const place = openPlace(t)
      await assert.rejects(extract(place, tarOf(entries)), isCode('unsafe-entry'))
      assert.deepEqual(readdirSync(place.outside), [])
      assert.throws(() => lstatSync('/etc/backstream-was-here'), { code: 'ENOENT' })
    })
  }

  for (const [kind, flag] of [
    ['character device', '3'],
    ['block device', '4'],
    ['fifo', '6'],
  ] as const) {
    it(`never makes a ${kind}`, async (t) => {
      const place = openPlace(t)
      const tar = withTypeFlag(file('x', ''), flag)
      await assert.rejects(extract(place, tar), isCode('unsafe-entry'))
      assert.deepEqual(readdirSync(place.root), [])
    })
  }

  it('says which name the file system does not take, and not all of it', async (t) => {
    const place = openPlace(t)
    const name = 'n'.repeat(300)
    await assert.rejects(extract(place, tarOf([file(name)])), (error) => {
      assert.ok(isCode('cannot-write')(error))
      assert.ok((error as Error).message.length < 1000)
      return true
    })
  })

  it('never writes outside, whatever the entries are', async () => {
    const base = mkdtempSync(join(tmpdir(), 'backstream-extract-'))
    const name = fc.constantFrom('a', 'b', '..', '.', '', 'outside', 'a/b', '/')
    const path = fc
      .array(name, { minLength: 1, maxLength: 3 })
      .map((names) => names.join('/'))
      .filter((text) => text !== '')
    const entry = fc.oneof(
      path.map((at) => file(at)),
      path.map(directory),
      fc.tuple(path, path).map(([at, to]) => symlink(at, to)),
      fc.tuple(path, path).map(([at, to]) => link(at, to)),
    )
    let run = 0
    try {
      await fc.assert(
        fc.asyncProperty(fc.array(entry, { maxLength: 6 }), async (entries) => {
          const at = join(base, String(run++))
          mkdirSync(at)
          const place = makePlace(at)
          const outcome = await extract(place, tarOf(entries)).catch((error: unknown) => error)
          if (outcome instanceof Error) {
            assert.ok(isCode('unsafe-entry')(outcome) || isCode('cannot-write')(outcome), outcome)
          }
          assert.deepEqual(readdirSync(at), ['outside', 'root'])
          assert.deepEqual(readdirSync(place.outside), [])
        }),
        { numRuns: 300 },
      )
    } finally {
      rmSync(base, { recursive: true, force: true })
    }
  })
})

function isCode(code: string): (error: unknown) => boolean {
  return (error) => error instanceof BackupError && error.code === code
}
