import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  existsSync,
  linkSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { createDirectorySource } from './directory-source.ts'
import {
  directoryConfig,
  paths,
  readDirectory,
  sourceOptions,
  temporaryDirectory,
  warningsOf,
} from './source-samples.ts'

/** Has a size, may be opened, and cannot be read: the kernel answers EINVAL. */
const unreadable = { root: '/sys/class/net/lo', name: 'speed' }
const isThere = existsSync(join(unreadable.root, unreadable.name))

describe('a file that opens and cannot be read', {
  skip: !isThere && 'there is no such file here',
}, () => {
  const include = [`/${unreadable.name}`]

  it('fails the run: zeros are no backup of it', async () => {
    await assert.rejects(readDirectory(unreadable.root, { include }), {
      code: 'source-unreadable',
      message: /speed cannot be read \(EINVAL\)/,
    })
  })

  it('is warned of as unreadable, not as changed, where that is to be passed over', async () => {
    const tree = await readDirectory(unreadable.root, { include, onUnreadable: 'skip' })
    assert.deepEqual(warningsOf(tree), [['unreadable', 'speed']])
  })
})

describe('a directory source in a hostile tree', () => {
  it('takes a directory called CACHEDIR.TAG for no tag', async (t) => {
    const root = temporaryDirectory(t)
    mkdirSync(join(root, 'CACHEDIR.TAG'))
    writeFileSync(join(root, 'file'), '')
    const tree = await readDirectory(root, { excludeCaches: true })
    assert.deepEqual(paths(tree), ['CACHEDIR.TAG', 'file'])
  })

  it('does not go round in a directory that is mounted inside itself', async (t) => {
    const root = temporaryDirectory(t)
    const inside = join(root, 'a/inside')
    mkdirSync(inside, { recursive: true })
    writeFileSync(join(root, 'a/file'), '')
    using mount = bindMount(root, inside)
    if (!mount) return t.skip('nothing may be mounted here')
    const tree = await readDirectory(root)
    assert.deepEqual(paths(tree), ['a', 'a/file', 'a/inside'])
    assert.deepEqual(warningsOf(tree), [['loop', 'a/inside']])
  })

  it('takes a file for a link of another only if it is the same file, not its successor', async (t) => {
    const root = temporaryDirectory(t)
    const elsewhere = temporaryDirectory(t)
    const [first, big, last] = ['a', 'b', 'c'].map((name) => join(root, name)) as [
      string,
      string,
      string,
    ]
    writeFileSync(first, 'first')
    linkSync(first, join(elsewhere, 'first'))
    writeFileSync(big, '')
    truncateSync(big, 64 << 20)
    writeFileSync(last, '')
    const before = statSync(first).ino
    const source = createDirectorySource(directoryConfig(root), { slabBytes: 1 << 16 })
    const found: string[][] = []
    let isReplaced = false
    for await (const { entries } of source.read(sourceOptions()).segments) {
      if (!isReplaced) replace()
      isReplaced = true
      found.push(...[...entries].map(({ path, type }) => [path, type]))
    }
    assert.deepEqual(found, [
      ['a', 'file'],
      ['b', 'file'],
      ['c', 'file'],
    ])
    if (statSync(last).ino !== before)
      t.skip('this file system does not give a number anew so soon')

    function replace(): void {
      rmSync(last)
      rmSync(first)
      rmSync(join(elsewhere, 'first'))
      renameSync(successor(), last)
      linkSync(last, join(elsewhere, 'last'))
    }

    /** Others make files here, too: the number that was given up is looked for in several new ones. */
    function successor(): string {
      for (let attempt = 1; ; attempt++) {
        const path = join(elsewhere, `successor-${attempt}`)
        writeFileSync(path, 'another file')
        if (statSync(path).ino === before || attempt === 100) return path
      }
    }
  })

  it('says in words what is wrong with its root and its exclude file', async (t) => {
    const root = temporaryDirectory(t)
    const file = join(root, 'file')
    writeFileSync(file, '')
    await assert.rejects(readDirectory(file), {
      code: 'source-missing',
      message: `${file} is not a directory`,
    })
    await assert.rejects(readDirectory(root, { excludeFile: '/nowhere' }), {
      code: 'source-failed',
      message: 'The exclude file /nowhere cannot be read (ENOENT)',
    })
  })
})

/** Null where that is not allowed. */
function bindMount(from: string, to: string): Disposable | null {
  try {
    execFileSync('mount', ['--bind', from, to], { stdio: 'ignore' })
  } catch {
    return null
  }
  return { [Symbol.dispose]: () => execFileSync('umount', [to]) }
}
