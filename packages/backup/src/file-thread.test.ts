import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { ArchiveError, readTar, type TarHeader } from '@backstream/archive'
import fc from 'fast-check'
import { BackupError } from './errors.ts'
import { TreeExtractor } from './extract-tree.ts'
import { type FileAttributes, FileFailed, type FileMark } from './file-sink.ts'
import { openFileThread } from './file-thread.ts'
import { slabBytes } from './file-thread-protocol.ts'
import { hostileTars, rawTar } from './hostile-tars.ts'

const { signal } = new AbortController()
const plain: FileAttributes = { owner: null, mode: 0o640, mtimeMs: 1_700_000_000_123.5 }

function openPlace(t: TestContext): string {
  const place = mkdtempSync(join(tmpdir(), 'backstream-files-'))
  t.after(() => rmSync(place, { recursive: true, force: true }))
  return place
}

function markOf(path: string): FileMark {
  return { header: { path } as TarHeader, entries: 0, files: 0, bytes: 0 }
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

describe('a thread that makes files', () => {
  it('makes them as it was told, across the bounds of its memory', async (t) => {
    const place = openPlace(t)
    const sizes = fc.oneof(fc.nat(2_000), fc.nat(3 * slabBytes))
    const chunks = fc.constantFrom(1_000, 65_536, slabBytes - 6, slabBytes, 5 << 20)
    let run = 0
    const property = fc.asyncProperty(
      fc.array(sizes, { maxLength: 12 }),
      chunks,
      async (all, size) => {
        const root = join(place, String(run++))
        mkdirSync(root)
        const expected = new Map<string, string>()
        await using files = await openFileThread()
        const chunk = Buffer.alloc(size)
        for (const [number, bytes] of all.entries()) {
          const name = `${number}-${'n'.repeat(number * 17)}`
          const content = randomBytes(bytes)
          expected.set(name, sha256(content))
          await files.begin(Buffer.from(join(root, name)), markOf(name))
          for (let at = 0; at < bytes; at += size) {
            const length = content.copy(chunk, 0, at)
            await files.write(chunk.subarray(0, length))
            chunk.fill(0) // what it was given is filled again
          }
          await files.end(plain)
        }
        await files.flush()
        const found = readdirSync(root).map((name) => [
          name,
          sha256(readFileSync(join(root, name))),
        ])
        assert.deepEqual(new Map(found as [string, string][]), expected)
        for (const name of expected.keys()) {
          const { mode, mtimeMs } = lstatSync(join(root, name))
          assert.equal(mode & 0o7777, plain.mode)
          assert.ok(Math.abs(mtimeMs - plain.mtimeMs) < 0.01, String(mtimeMs))
        }
        rmSync(root, { recursive: true })
      },
    )
    await fc.assert(property, { seed: 7, numRuns: 25 })
  })

  it('tells which file could not be made, and makes none after it', async (t) => {
    const place = openPlace(t)
    writeFileSync(join(place, '40'), 'there already')
    await using files = await openFileThread()
    const telling = (async () => {
      for (let number = 0; number < 20_000; number++) {
        const name = String(number)
        await files.begin(Buffer.from(join(place, name)), markOf(name))
        await files.write(Buffer.alloc(500, name))
        await files.end(plain)
      }
      await files.flush()
    })()
    await assert.rejects(telling, (error) => {
      assert.ok(error instanceof FileFailed)
      assert.equal(error.mark.header.path, '40')
      assert.equal((error.cause as NodeJS.ErrnoException).code, 'EEXIST')
      assert.equal((error.cause as NodeJS.ErrnoException).syscall, 'open')
      return true
    })
    assert.equal(readdirSync(place).length, 41)
    assert.equal(readFileSync(join(place, '40'), 'utf8'), 'there already')
  })

  it('leaves nothing of a file that was abandoned, nor of one that was not ended', async (t) => {
    const place = openPlace(t)
    {
      await using files = await openFileThread()
      await files.begin(Buffer.from(join(place, 'given up')), markOf('given up'))
      await files.write(randomBytes(2 * slabBytes))
      files.abandon()
      await files.begin(Buffer.from(join(place, 'whole')), markOf('whole'))
      await files.end(plain)
      await files.flush()
      assert.deepEqual(readdirSync(place), ['whole'])
      await files.begin(Buffer.from(join(place, 'not ended')), markOf('not ended'))
      await files.write(randomBytes(2 * slabBytes))
    }
    assert.deepEqual(readdirSync(place), ['whole'])
  })

  it('counts what could not be set', async (t) => {
    const place = openPlace(t)
    await using files = await openFileThread()
    const notSet: string[] = []
    files.onNotSet = (what) => notSet.push(what)
    await files.begin(Buffer.from(join(place, 'a')), markOf('a'))
    await files.end({ ...plain, owner: { uid: 2 ** 40, gid: 0 } })
    await files.flush()
    assert.deepEqual(notSet, ['owner'])
    assert.deepEqual(readdirSync(place), ['a'])
  })
})

describe('extracting a tree by a thread', () => {
  it('refuses the hostile corpus, names the entry, and writes nothing outside', async (t) => {
    const place = openPlace(t)
    for (const [number, { tar, names, title }] of hostileTars.entries()) {
      const at = join(place, String(number))
      const root = join(at, 'root')
      mkdirSync(root, { recursive: true })
      mkdirSync(join(at, 'outside'))
      writeFileSync(join(at, 'outside/secret'), 'secret')
      await assert.rejects(extract(root, tar), (error) => {
        assert.ok(error instanceof BackupError || error instanceof ArchiveError, String(error))
        assert.ok(error.message.includes(`"${names}`), `${title}: ${error.message}`)
        return true
      })
      assert.deepEqual(readdirSync(at).sort(), ['outside', 'root'])
      assert.deepEqual(readdirSync(join(at, 'outside')), ['secret'])
      assert.equal(readFileSync(join(at, 'outside/secret'), 'utf8'), 'secret')
    }
  })

  it('links to files that it was only just told of', async (t) => {
    const root = openPlace(t)
    await extract(
      root,
      rawTar({ name: 'a', content: 'hello' }, { name: 'b', type: '1', linkName: 'a' }),
    )
    assert.equal(readFileSync(join(root, 'b'), 'utf8'), 'hello')
    assert.equal(lstatSync(join(root, 'a')).nlink, 2)
  })

  it('says where it stopped', async (t) => {
    const root = openPlace(t)
    const names = ['a', 'b', 'a', 'c', 'd']
    const tar = rawTar(...names.map((name) => ({ name, content: name })))
    const extractor = { report: null as unknown }
    await assert.rejects(extract(root, tar, extractor), {
      code: 'unsafe-entry',
      message: /"a" is refused: there is one of that name already/,
    })
    const { entries, files, bytes, current } = extractor.report as Record<string, unknown>
    assert.deepEqual(
      { entries, files, bytes, current },
      { entries: 2, files: 2, bytes: 2, current: 'a' },
    )
    assert.deepEqual(readdirSync(root), ['a', 'b'])
  })
})

async function extract(root: string, tar: Buffer, told: { report: unknown } = { report: null }) {
  await using smallFiles = await openFileThread()
  const options = { root, smallFiles, signal, keepOwners: false, maxBytes: tar.length }
  const extractor = new TreeExtractor(options)
  told.report = extractor.report
  try {
    for await (const entry of readTar(once(tar), { signal })) await extractor.extract(entry)
    await extractor.finish()
  } catch (error) {
    extractor.abandon()
    throw error
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
