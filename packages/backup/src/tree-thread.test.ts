import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
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
import { ArchiveError, readTar } from '@backstream/archive'
import { BackupError } from './errors.ts'
import { type ExtractReport, emptyReport } from './extract-report.ts'
import { hostileTars, type RawEntry, rawTar } from './hostile-tars.ts'
import { createTreeMaker } from './tree-maker.ts'
import { chunksAhead, openTreeThread } from './tree-thread.ts'

const { signal } = new AbortController()

function openPlace(t: TestContext): string {
  const place = mkdtempSync(join(tmpdir(), 'backstream-tree-'))
  t.after(() => rmSync(place, { recursive: true, force: true }))
  return place
}

async function* cut(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

/** As frames come: in shared memory that is filled again as soon as that may be. */
async function* shared(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  const ring = Array.from({ length: chunksAhead + 1 }, () => {
    return Buffer.from(new SharedArrayBuffer(size))
  })
  for (let at = 0, number = 0; at < bytes.length; at += size, number++) {
    const chunk = ring[number % ring.length] as Buffer
    chunk.fill(0xaa)
    chunk.set(bytes.subarray(at, at + size))
    yield chunk.subarray(0, Math.min(size, bytes.length - at))
  }
}

const open = (root: string, report?: ExtractReport) =>
  openTreeThread({ root, keepOwners: false }, { signal, report })

async function extract(root: string, plain: AsyncIterable<Uint8Array>): Promise<ExtractReport> {
  await using tree = await open(root)
  await tree.extract(plain)
  return tree.report
}

/** Every name with its kind, mode and owner, its time where that was set; of files their content. */
function look(root: string): unknown[] {
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' }).sort()
  return names.map((name) => {
    const path = join(root, name)
    const stats = lstatSync(path)
    const { mode, uid, gid, nlink } = stats
    const mtimeMs = stats.mtimeMs < Date.UTC(2025, 0) ? stats.mtimeMs : null
    const own = { name, mode, uid, gid, nlink, mtimeMs }
    return stats.isFile() ? { ...own, sha256: sha256(readFileSync(path)) } : own
  })
}

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')
const file = (name: string, content = name, mode = 0o644): RawEntry => ({ name, content, mode })
const folder = (name: string, mode: number): RawEntry => ({ name, type: '5', mode })

function sampleTar(): Buffer {
  const many = Array.from({ length: 300 }, (_, at) => {
    return file(`d/${at}`, String(at).repeat(at * 7), [0o644, 0o600, 0o666, 0o750][at % 4])
  })
  return rawTar(
    folder('d', 0o555),
    ...many,
    { name: 'd/link', type: '1', linkName: 'd/7' },
    { name: 'to', type: '2', linkName: '/etc/passwd' },
    file('stream', 'one '),
    file('stream', 'two'),
    file('made/parents/deep'),
    file('last', 'x'.repeat(100_000)),
  )
}

describe('a tree made by a thread', () => {
  it('is the one made here, however the tar is cut', async (t) => {
    const place = openPlace(t)
    const here = join(place, 'here')
    mkdirSync(here)
    const tar = sampleTar()
    await using maker = createTreeMaker({ root: here, keepOwners: false }, { signal })
    await maker.extract(cut(tar, 1 << 20))
    for (const size of [700, 4096, 100_000, 5 << 20]) {
      for (const [kind, plain] of [
        ['cut', cut(tar, size)],
        ['shared', shared(tar, size)],
      ] as const) {
        const root = join(place, `${kind}-${size}`)
        mkdirSync(root)
        const report = await extract(root, plain)
        assert.deepEqual(look(root), look(here))
        assert.deepEqual(report, maker.report)
      }
    }
    assert.equal(readFileSync(join(here, 'stream'), 'utf8'), 'one two')
    assert.equal(lstatSync(join(here, 'd')).mtimeMs, lstatSync(join(here, 'd/7')).mtimeMs)
  })

  it('holds nothing of hostile tars, which are refused by name', async (t) => {
    const place = openPlace(t)
    // All of them are tried where no thread has to be started for each.
    const some = hostileTars.filter((_, number) => number % 7 === 0)
    for (const [number, { tar, names, title }] of some.entries()) {
      const at = join(place, String(number))
      const root = join(at, 'root')
      mkdirSync(root, { recursive: true })
      mkdirSync(join(at, 'outside'))
      writeFileSync(join(at, 'outside/secret'), 'secret')
      const options = { root, keepOwners: false, maxBytes: tar.length }
      await using tree = await openTreeThread(options, { signal })
      await assert.rejects(tree.extract(cut(tar, 1 << 20)), (error) => {
        assert.ok(error instanceof BackupError || error instanceof ArchiveError, String(error))
        assert.ok(error.message.includes(`"${names}`), `${title}: ${error.message}`)
        return true
      })
      assert.deepEqual(readdirSync(at).sort(), ['outside', 'root'])
      assert.deepEqual(readdirSync(join(at, 'outside')), ['secret'])
      assert.equal(readFileSync(join(at, 'outside/secret'), 'utf8'), 'secret')
    }
  })

  it('says where it stopped, and why', async (t) => {
    const root = openPlace(t)
    const report = emptyReport()
    await using tree = await open(root, report)
    const tar = rawTar(file('a'), file('b'), file('a'), file('c'))
    await assert.rejects(tree.extract(cut(tar, 512)), {
      code: 'unsafe-entry',
      message: /"a" is refused: there is one of that name already/,
      remedy: /tampered/,
    })
    const { entries, files, bytes, current } = report
    assert.deepEqual([entries, files, bytes, current], [2, 2, 2, 'a'])
    assert.deepEqual(readdirSync(root), ['a', 'b'])
  })

  it('tells what the file system would not have', async (t) => {
    const root = openPlace(t)
    await assert.rejects(
      extract(root, cut(rawTar(file('a'), { longName: 'n'.repeat(300) }), 512)),
      (error) => {
        assert.ok(error instanceof BackupError)
        assert.equal(error.code, 'cannot-write')
        assert.equal((error.cause as NodeJS.ErrnoException).code, 'ENAMETOOLONG')
        return true
      },
    )
  })

  it('goes on here behind damage inside of an entry, and leaves nothing of that', async (t) => {
    const root = openPlace(t)
    const tar = rawTar(folder('d', 0o500), file('d/a'), file('d/b', 'b'.repeat(5000)))
    async function* damaged() {
      yield tar.subarray(0, tar.indexOf('bbbb') + 600)
      throw new ArchiveError('corrupt', 'a frame is damaged')
    }
    await using tree = await open(root)
    await assert.rejects(tree.extract(damaged()), {
      name: 'ArchiveError',
      code: 'corrupt',
      message: 'a frame is damaged, in the entry "d/b"',
    })
    assert.equal(tree.report.entries, 2)
    assert.deepEqual(readdirSync(join(root, 'd')), ['a'])
    const extractor = tree.goOn()
    for await (const entry of readTar(cut(rawTar(file('d/c')), 512), { signal })) {
      await extractor.extract(entry)
    }
    const { entries, files, current } = extractor.finish()
    assert.deepEqual([entries, files, current], [3, 2, null])
    assert.deepEqual(readdirSync(join(root, 'd')), ['a', 'c'])
    assert.equal(lstatSync(join(root, 'd')).mode & 0o777, 0o500)
  })

  it('leaves the file before the damage to whoever goes on: there may be more of it', async (t) => {
    const root = openPlace(t)
    const tar = rawTar(file('a'), file('b'))
    await using tree = await open(root)
    const damaged = async function* () {
      yield tar.subarray(0, 2048)
      throw new ArchiveError('corrupt', 'a frame is damaged')
    }
    await assert.rejects(tree.extract(damaged()), /behind the entry "b"/)
    assert.deepEqual(readdirSync(root), ['a'])
    assert.deepEqual([tree.report.entries, tree.report.files, tree.report.bytes], [1, 1, 1])
  })

  it('leaves what it was to replace when it ends between two entries', async (t) => {
    const root = openPlace(t)
    const names = Array.from({ length: 2000 }, (_, at) => `f${at}`)
    for (const name of names) writeFileSync(join(root, name), 'old')
    const controller = new AbortController()
    const tar = rawTar(...names.map((name) => file(name, 'new')))
    async function* endless() {
      yield tar
      while (readFileSync(join(root, 'f5'), 'utf8') === 'old')
        await new Promise((resolve) => setTimeout(resolve, 1))
      controller.abort(new Error('enough'))
      controller.signal.throwIfAborted()
    }
    const work = { signal: controller.signal }
    const options = { root, keepOwners: false, overwrite: 'always' } as const
    await using tree = await openTreeThread(options, work)
    await assert.rejects(tree.extract(endless()), /enough/)
    tree.goOn().abandon()
    assert.deepEqual(readdirSync(root).sort(), names.toSorted())
    const { entries, files, replaced } = tree.report
    const made = names.filter((name) => readFileSync(join(root, name), 'utf8') === 'new').length
    assert.deepEqual([entries, files, replaced], [made, made, made])
  })

  it('is let go of behind its last chunk for the reason that was given', async (t) => {
    const root = openPlace(t)
    const controller = new AbortController()
    const tar = rawTar(...Array.from({ length: 20_000 }, (_, at) => file(`f${at}`, '')))
    async function* whole() {
      yield tar
      controller.abort(new Error('enough'))
    }
    const work = { signal: controller.signal }
    await using tree = await openTreeThread({ root, keepOwners: false }, work)
    await assert.rejects(tree.extract(whole()), /enough/)
  })

  it('passes on what else went wrong with the tar, as it is', async (t) => {
    const root = openPlace(t)
    const tar = rawTar(file('a'))
    const dropped = new Error('the connection is gone')
    async function* failing() {
      yield tar.subarray(0, 1024)
      throw dropped
    }
    await assert.rejects(extract(root, failing()), (error) => error === dropped)
  })

  it('is let go of in the middle of a file, of which nothing stays', async (t) => {
    const root = openPlace(t)
    const controller = new AbortController()
    const tar = rawTar(file('a'), file('b', 'b'.repeat(5000)))
    async function* endless() {
      yield tar.subarray(0, 3000)
      while (!readdirSync(root).includes('b'))
        await new Promise((resolve) => setTimeout(resolve, 5))
      controller.abort(new Error('enough'))
      controller.signal.throwIfAborted()
    }
    const work = { signal: controller.signal }
    await using tree = await openTreeThread({ root, keepOwners: false }, work)
    await assert.rejects(tree.extract(endless()), /enough/)
    assert.deepEqual(readdirSync(root), ['a'])
    assert.equal(tree.report.current, 'b')
  })

  it('counts what could not be set', async (t) => {
    const root = openPlace(t)
    const tar = rawTar({ name: 'a', content: '', pax: { uid: String(2 ** 40) } })
    await using tree = await openTreeThread({ root, keepOwners: true }, { signal })
    await tree.extract(cut(tar, 512))
    assert.deepEqual([...tree.report.notSet], [['owner', 1]])
    assert.deepEqual(readdirSync(root), ['a'])
  })
})
