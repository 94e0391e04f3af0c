import assert from 'node:assert/strict'
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { createDirectorySource } from './directory-source.ts'
import {
  directoryConfig,
  paths,
  type ReadTree,
  readDirectory,
  readToEnd,
  temporaryDirectory,
  warningsOf,
} from './source-samples.ts'

const isRoot = process.getuid?.() === 0

describe('a directory source whose files change while it is read', () => {
  const size = 64 << 20

  /** Changes the tree once reading has begun, at the first segment. */
  async function readWhile(root: string, change: () => void): Promise<ReadTree> {
    const source = createDirectorySource(directoryConfig(root), { slabBytes: 1 << 16 })
    let isChanged = false
    return await readToEnd({
      ...source,
      read(options) {
        const reading = source.read(options)
        return {
          ...reading,
          segments: (async function* () {
            for await (const segment of reading.segments) {
              if (!isChanged) change()
              isChanged = true
              yield segment
            }
          })(),
        }
      },
    })
  }

  function bigTree(t: TestContext): { root: string; file: string } {
    const root = temporaryDirectory(t)
    const file = join(root, 'a')
    writeFileSync(file, '')
    truncateSync(file, size)
    writeFileSync(join(root, 'b'), 'still there')
    return { root, file }
  }

  it('fills up with zeros what a file has lost', async (t) => {
    const { root, file } = bigTree(t)
    const tree = await readWhile(root, () => truncateSync(file, 1000))
    assert.deepEqual(warningsOf(tree), [['shrank', 'a']])
    assert.equal(tree.entries[0]?.size, size)
    assert.deepEqual(paths(tree), ['a', 'b'])
  })

  it('cuts off what a file has gained', async (t) => {
    const { root, file } = bigTree(t)
    const tree = await readWhile(root, () => appendFileSync(file, 'more'))
    assert.deepEqual(warningsOf(tree), [['grew', 'a']])
    assert.equal(tree.entries[0]?.size, size)
  })

  it('warns of a file that was written to', async (t) => {
    const { root, file } = bigTree(t)
    const tree = await readWhile(root, () => utimesSync(file, 1, 1))
    assert.deepEqual(warningsOf(tree), [['changed', 'a']])
  })

  it('warns of a file that is gone, or became a link, since its directory was listed', async (t) => {
    const { root } = bigTree(t)
    writeFileSync(join(root, 'c'), '')
    const tree = await readWhile(root, () => {
      rmSync(join(root, 'b'))
      rmSync(join(root, 'c'))
      symlinkSync('/etc/passwd', join(root, 'c'))
    })
    assert.deepEqual(warningsOf(tree), [
      ['vanished', 'b'],
      ['replaced', 'c'],
    ])
    assert.deepEqual(paths(tree), ['a'])
  })

  it('does not follow a directory that someone put a link in the place of', async (t) => {
    const { root } = bigTree(t)
    mkdirSync(join(root, 'z'))
    writeFileSync(join(root, 'z/inside'), '')
    const tree = await readWhile(root, () => {
      rmSync(join(root, 'z'), { recursive: true })
      symlinkSync('/etc', join(root, 'z'))
    })
    assert.deepEqual(warningsOf(tree), [['replaced', 'z']])
    assert.deepEqual(paths(tree), ['a', 'b'])
  })
})

describe('a directory source with something unreadable in it', {
  skip: isRoot && 'root reads all',
}, () => {
  function tree(t: TestContext): string {
    const root = temporaryDirectory(t)
    mkdirSync(join(root, 'closed'))
    writeFileSync(join(root, 'file'), 'x')
    writeFileSync(join(root, 'secret'), 'x', { mode: 0 })
    chmodSync(join(root, 'closed'), 0)
    t.after(() => chmodSync(join(root, 'closed'), 0o700))
    return root
  }

  it('fails for good, naming the path and the way out', async (t) => {
    await assert.rejects(readDirectory(tree(t)), {
      code: 'source-unreadable',
      permanent: true,
      message: /closed cannot be read \(EACCES\)/,
      remedy: /onUnreadable/,
    })
  })

  it('leaves it out with a warning when told to', async (t) => {
    const result = await readDirectory(tree(t), { onUnreadable: 'skip' })
    assert.deepEqual(paths(result), ['file'])
    assert.deepEqual(warningsOf(result), [
      ['unreadable', 'closed'],
      ['unreadable', 'secret'],
    ])
  })
})
