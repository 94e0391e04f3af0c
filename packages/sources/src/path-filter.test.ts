import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { createPathFilter } from './path-filter.ts'
import { paths, readDirectory, temporaryDirectory } from './source-samples.ts'

describe("a directory source's patterns", () => {
  function project(t: TestContext): string {
    const root = temporaryDirectory(t)
    for (const path of [
      'src/a.ts',
      'src/a.log',
      'cache/x',
      'src/cache/y',
      'keep.log',
      'Keep.LOG',
    ]) {
      mkdirSync(join(root, path, '..'), { recursive: true })
      writeFileSync(join(root, path), path)
    }
    return root
  }

  it('exclude as .gitignore does: anywhere, from the root, directories only, the last match wins', async (t) => {
    const root = project(t)
    const cases: [string[], string[]][] = [
      [['cache/'], ['Keep.LOG', 'keep.log', 'src', 'src/a.log', 'src/a.ts']],
      [
        ['/cache'],
        ['Keep.LOG', 'keep.log', 'src', 'src/a.log', 'src/a.ts', 'src/cache', 'src/cache/y'],
      ],
      [
        ['*.log', '!keep.log', 'cache'],
        ['Keep.LOG', 'keep.log', 'src', 'src/a.ts'],
      ],
      [
        ['src', '!src/a.ts', 'cache/'],
        ['Keep.LOG', 'keep.log'],
      ],
    ]
    for (const [exclude, expected] of cases) {
      assert.deepEqual(paths(await readDirectory(root, { exclude })), expected, exclude.join(' '))
    }
  })

  it('include restrict to what they name, with the directories on the way there', async (t) => {
    const root = project(t)
    assert.deepEqual(paths(await readDirectory(root, { include: ['*.ts'] })), ['src', 'src/a.ts'])
    assert.deepEqual(paths(await readDirectory(root, { include: ['/src/cache'] })), [
      'src',
      'src/cache',
      'src/cache/y',
    ])
    assert.deepEqual(paths(await readDirectory(root, { include: ['src'], exclude: ['cache'] })), [
      'src',
      'src/a.log',
      'src/a.ts',
    ])
  })

  it('are also read from a file, before those of the configuration', async (t) => {
    const root = project(t)
    writeFileSync(join(root, 'skip'), '# a comment\n\n*.log\r\nskip\n')
    const tree = await readDirectory(root, { excludeFile: 'skip', exclude: ['cache', '!Keep.LOG'] })
    assert.deepEqual(paths(tree), ['Keep.LOG', 'src', 'src/a.ts'])
  })

  it('leave out caches, marked directories and large files', async (t) => {
    const root = temporaryDirectory(t)
    for (const name of ['cache', 'no-cache', 'marked', 'kept']) {
      mkdirSync(join(root, name))
      writeFileSync(join(root, name, 'file'), 'x')
    }
    writeFileSync(join(root, 'cache/CACHEDIR.TAG'), 'Signature: 8a477f597d28d172789f06886806bc55\n')
    writeFileSync(join(root, 'no-cache/CACHEDIR.TAG'), 'something else')
    writeFileSync(join(root, 'marked/.nobackup'), '')
    writeFileSync(join(root, 'kept/large'), Buffer.alloc(2001))
    const tree = await readDirectory(root, {
      excludeCaches: true,
      excludeIfPresent: ['.nobackup'],
      excludeLargerThanBytes: 2000,
    })
    assert.deepEqual(paths(tree), [
      'cache',
      'cache/CACHEDIR.TAG',
      'kept',
      'kept/file',
      'marked',
      'marked/.nobackup',
      'no-cache',
      'no-cache/CACHEDIR.TAG',
      'no-cache/file',
    ])
  })
})

describe('createPathFilter', () => {
  it('decides alike however many paths it was asked for before', () => {
    const filter = createPathFilter({ exclude: ['*.log', '!keep.log'], include: [] })
    for (let i = 0; i < 45_000; i++) assert.equal(filter.isExcluded(`dir/${i}.log`, false), true)
    assert.equal(filter.isExcluded('dir/keep.log', false), false)
  })
})
