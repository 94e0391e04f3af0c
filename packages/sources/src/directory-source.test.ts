import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, linkSync, mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import type { DirectorySourceConfig } from '@backstream/config'
import { createDirectorySource } from './directory-source.ts'
import {
  directoryConfig,
  paths,
  readDirectory,
  readToEnd,
  sourceOptions,
  temporaryDirectory,
  warningsOf,
} from './source-samples.ts'

/** A tree with one of each, and names and sizes around the limits of the format. */
function oneOfEach(t: TestContext): string {
  const root = temporaryDirectory(t)
  const write = (path: string | Buffer, content: string | Buffer): void => {
    const place = Buffer.concat([Buffer.from(`${root}/`), Buffer.from(path)])
    writeFileSync(place, content)
  }
  mkdirSync(join(root, 'empty'))
  mkdirSync(join(root, 'a/b/c'), { recursive: true })
  write('a/file', 'content')
  write('a.txt', 'sorts before a/ as bytes of a whole path, after it as a name')
  for (const size of [0, 1, 511, 512, 513, 8191, 8192, 8193, 40_000]) {
    write(`a/b/${size}`, Buffer.alloc(size, `${size} `))
  }
  write('ü ñ\n"quoted" \\ \t', 'odd')
  write(Buffer.from([0x72, 0x61, 0x77, 0xff, 0xfe]), 'not UTF-8')
  write(Buffer.concat([Buffer.alloc(120, 0xe9)]), 'long and not UTF-8')
  const deep = ['d'.repeat(200), 'e'.repeat(200), 'f'.repeat(200)]
  mkdirSync(join(root, ...deep), { recursive: true })
  write(join(...deep, 'g'.repeat(200)), 'deep')
  symlinkSync('../nowhere', join(root, 'a/dangling'))
  symlinkSync('t'.repeat(300), join(root, 'a/long link'))
  symlinkSync('/etc', join(root, 'a/outside'))
  linkSync(join(root, 'a/file'), join(root, 'a/b/same file'))
  chmodSync(join(root, 'a/b/513'), 0o4751)
  chmodSync(join(root, 'a/b/c'), 0o1777)
  utimesSync(join(root, 'a/b/1'), 1_700_000_000.25, 1_234_567_890.125)
  utimesSync(join(root, 'a/b/0'), 0, 0)
  return root
}

describe('a directory source', () => {
  for (const slabBytes of [4 << 20, 8192, 512]) {
    it(`is read so that tar finds no difference (slabs of ${slabBytes} bytes)`, async (t) => {
      const root = oneOfEach(t)
      const { tar } = await readDirectory(root, {}, { slabBytes })
      const compared = spawnSync('tar', ['-d', '-f', '-', '-C', root], { input: tar })
      assert.equal(compared.stderr.toString() + compared.stdout.toString(), '')
      assert.equal(compared.status, 0)
    })
  }

  it('is extracted by GNU tar and bsdtar into the same tree', async (t) => {
    const { tar } = await readDirectory(oneOfEach(t))
    for (const program of ['tar', 'bsdtar']) {
      const out = temporaryDirectory(t)
      const done = spawnSync(program, ['-xpf', '-', '-C', out], { input: tar })
      if ((done.error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') continue
      assert.equal(done.stderr.toString(), '')
      const compared = spawnSync('tar', ['-d', '-f', '-', '-C', out], { input: tar })
      assert.equal(compared.stdout.toString(), '', `as extracted by ${program}`)
    }
  })

  it('is told of in byte order of the names, a directory before what is in it', async (t) => {
    const root = temporaryDirectory(t)
    for (const name of ['b', 'a/z', 'a/B', 'a-b', 'é', 'Z']) {
      mkdirSync(join(root, name, '..'), { recursive: true })
      writeFileSync(join(root, name), '')
    }
    assert.deepEqual(paths(await readDirectory(root)), ['Z', 'a', 'a/B', 'a/z', 'a-b', 'b', 'é'])
  })

  it('lies below its at, the root itself with it', async (t) => {
    const root = temporaryDirectory(t)
    writeFileSync(join(root, 'file'), 'x')
    linkSync(join(root, 'file'), join(root, 'link'))
    const tree = await readDirectory(root, { at: 'up/loads' })
    assert.deepEqual(paths(tree), ['up/loads', 'up/loads/file', 'up/loads/link'])
    assert.equal(tree.entries[2]?.linkTarget, 'up/loads/file')
    assert.equal(tree.reading.summary().entries, 3)
  })

  it('counts what it has read', async (t) => {
    const tree = await readDirectory(oneOfEach(t))
    const { entries, files, bytes, warnings } = tree.reading.summary()
    assert.equal(entries, tree.entries.length)
    assert.equal(files, tree.entries.filter(({ type }) => type === 'file').length)
    assert.equal(
      bytes,
      tree.entries.reduce((total, { size }) => total + size, 0),
    )
    assert.deepEqual(warnings, [])
  })

  it('hands names that are not UTF-8 on as bytes', async (t) => {
    const tree = await readDirectory(oneOfEach(t))
    const raw = tree.entries.filter(({ rawPath }) => rawPath !== undefined)
    assert.deepEqual(
      raw.map(({ rawPath }) => Buffer.from(rawPath!)),
      [Buffer.from([0x72, 0x61, 0x77, 0xff, 0xfe]), Buffer.alloc(120, 0xe9)],
    )
  })

  it('is resolved when it is a link itself', async (t) => {
    const root = temporaryDirectory(t)
    mkdirSync(join(root, 'real'))
    writeFileSync(join(root, 'real/file'), 'x')
    symlinkSync('real', join(root, 'link'))
    assert.deepEqual(paths(await readDirectory(join(root, 'link'))), ['file'])
  })

  it('leaves out sockets and fifos with a warning', async (t) => {
    const root = temporaryDirectory(t)
    execFileSync('mkfifo', [join(root, 'fifo')])
    const server = createServer().listen(join(root, 'socket'))
    t.after(() => server.close())
    writeFileSync(join(root, 'file'), 'x')
    const tree = await readDirectory(root)
    assert.deepEqual(paths(tree), ['file'])
    assert.deepEqual(warningsOf(tree), [
      ['fifo', 'fifo'],
      ['socket', 'socket'],
    ])
  })

  it('is refused when nothing is in it, unless that is allowed', async (t) => {
    const root = temporaryDirectory(t)
    await assert.rejects(readDirectory(root), { code: 'source-empty' })
    writeFileSync(join(root, 'file'), 'x')
    await assert.rejects(readDirectory(root, { exclude: ['*'] }), { code: 'source-empty' })
    assert.deepEqual(paths(await readDirectory(root, { exclude: ['*'], allowEmpty: true })), [])
  })

  it('does not enter the file systems that the kernel makes up', async (t) => {
    const root = temporaryDirectory(t)
    const mount = join(root, 'proc')
    mkdirSync(mount)
    if (spawnSync('mount', ['-t', 'proc', 'proc', mount]).status !== 0) {
      return t.skip('mounting needs privileges')
    }
    try {
      const tree = await readDirectory(root)
      assert.deepEqual(paths(tree), ['proc'])
      assert.deepEqual(warningsOf(tree), [['pseudo-filesystem', 'proc']])
    } finally {
      execFileSync('umount', [mount])
    }
  })
})

describe("a directory source's preflight", () => {
  const find = (path: string, overrides: Partial<DirectorySourceConfig> = {}): Promise<string[]> =>
    createDirectorySource(directoryConfig(path, overrides))
      .preflight(sourceOptions())
      .then((problems) => problems.map(({ code, permanent }) => `${code} ${permanent}`))

  it('finds nothing wrong with a directory of files', async (t) => {
    assert.deepEqual(await find(oneOfEach(t)), [])
  })

  it('names what is missing, empty, no directory or made up by the kernel', async (t) => {
    const root = temporaryDirectory(t)
    assert.deepEqual(await find(join(root, 'none')), ['source-missing true'])
    assert.deepEqual(await find(root), ['source-empty false'])
    assert.deepEqual(await find(root, { allowEmpty: true }), [])
    writeFileSync(join(root, 'file'), 'x')
    assert.deepEqual(await find(join(root, 'file')), ['source-missing true'])
    assert.deepEqual(await find(root, { excludeFile: 'none' }), ['exclude-file-missing true'])
    assert.deepEqual(await find('/proc'), ['pseudo-filesystem true'])
  })
})

describe("a directory source's estimate and dry run", () => {
  it('agree with what is read', async (t) => {
    const root = oneOfEach(t)
    const source = createDirectorySource(directoryConfig(root, { exclude: ['same file'] }))
    const { entries, reading } = await readToEnd(source)
    const { bytes, entries: count } = reading.summary()
    assert.deepEqual(await source.estimate(sourceOptions()), { bytes, entries: count })
    const listed = []
    for await (const { rawPath, ...entry } of source.dryRun(sourceOptions())) {
      listed.push({ ...entry, ...(rawPath && { rawPath: Buffer.from(rawPath) }) })
    }
    assert.deepEqual(
      listed,
      entries.map(({ offset, ...entry }) => entry),
    )
  })

  it('give no estimate of what cannot be walked, or not in time', async (t) => {
    const root = oneOfEach(t)
    const missing = createDirectorySource(directoryConfig(join(root, 'none')))
    assert.equal(await missing.estimate(sourceOptions()), null)
    const hurried = createDirectorySource(directoryConfig(root), { estimateMs: 0 })
    assert.equal(await hurried.estimate(sourceOptions()), null)
  })
})
