import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, linkSync, mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import type { DirectorySourceConfig } from '@backstream/config'
import { createDirectorySource } from './directory-source.ts'
import { createRemoteDirectorySource } from './remote-directory-source.ts'
import {
  busyboxPath,
  put,
  readThere,
  runnerWith,
  usualPath,
  withoutBusybox,
} from './remote-samples.ts'
import {
  directoryConfig,
  paths,
  type ReadTree,
  readToEnd,
  sourceOptions,
  temporaryDirectory,
  warningsOf,
} from './source-samples.ts'

async function readHere(config: DirectorySourceConfig): Promise<ReadTree> {
  return await readToEnd(createDirectorySource(config, { slabBytes: 1 << 16 }))
}

function sampleTree(t: TestContext): string {
  const root = join(temporaryDirectory(t), 'tree')
  put(root, {
    'a-b/file': 'x',
    'a/file': Buffer.alloc(200_000, 7),
    'a/.hidden': '',
    'a!/file': 'sorts before a/',
    [`long/${'n'.repeat(120)}/${'m'.repeat(120)}`]: 'far down',
    'späte/Köpfe': 'ü',
    "odd 'name' $x": 'y',
    empty: '',
  })
  mkdirSync(join(root, 'void'))
  symlinkSync('nowhere', join(root, 'dangling'))
  symlinkSync('t'.repeat(200), join(root, 'long-link'))
  linkSync(join(root, 'a/file'), join(root, 'b-second-name'))
  chmodSync(join(root, 'a-b/file'), 0o4750)
  utimesSync(join(root, 'empty'), 1_000_000_000, 1_234_567_890.125)
  return root
}

describe('a directory elsewhere, read by GNU tar', () => {
  it('gives the very bytes that it would give here', async (t) => {
    const root = sampleTree(t)
    for (const at of ['', 'data/files']) {
      const config = directoryConfig(root, { at })
      const [there, here] = [await readThere(config), await readHere(config)]
      assert.deepEqual(there.entries, here.entries)
      assert.ok(there.tar.equals(here.tar))
      const { warnings: _, ...counts } = there.reading.summary()
      const { warnings: __, ...expected } = here.reading.summary()
      assert.deepEqual(counts, expected)
    }
  })

  it('keeps names that are no text', async (t) => {
    const root = temporaryDirectory(t)
    const raw = Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0x66, 0xff, 0x0a, 0xfe])])
    writeFileSync(raw, 'x')
    assert.ok(
      (await readThere(directoryConfig(root))).tar.equals(
        (await readHere(directoryConfig(root))).tar,
      ),
    )
  })
})

const dialects: readonly (readonly [string, (t: TestContext) => string])[] = [
  ['GNU tar', () => usualPath],
  ['busybox', busyboxPath],
]

for (const [name, pathOf] of dialects) {
  describe(
    `a directory elsewhere, read by ${name}`,
    name === 'busybox' ? withoutBusybox : {},
    () => {
      it('has its entries in the order of an archive, whatever the order on disk', async (t) => {
        const root = sampleTree(t)
        const there = await readThere(directoryConfig(root), { path: pathOf(t) })
        const here = await readHere(directoryConfig(root))
        const facts = ({ entries }: ReadTree) =>
          entries.map(({ path, type, size, mode, mtimeMs, linkTarget }) => ({
            ...{ path, type, size, mode, linkTarget },
            seconds: Math.floor(mtimeMs / 1000),
          }))
        assert.deepEqual(facts(there), facts(here))
        assert.equal(there.reading.summary().bytes, here.reading.summary().bytes)
      })

      it('is chosen from as here: patterns, caches, tags, sizes', async (t) => {
        const root = temporaryDirectory(t)
        put(root, {
          'cache/one': 'x',
          'cache/two/three': 'x',
          'src/cache/x': 'x',
          'src/keep.log': 'x',
          'src/drop.log': 'x',
          'thumbs/CACHEDIR.TAG': 'Signature: 8a477f597d28d172789f06886806bc55\n# cache',
          'thumbs/pic': 'x',
          'fake/CACHEDIR.TAG': 'not one',
          'fake/pic': 'x',
          'skip/.nobackup': '',
          'skip/deep/pic': 'x',
          large: Buffer.alloc(5000),
          small: 'x',
          patterns: '*.log\n',
        })
        linkSync(join(root, 'cache/one'), join(root, 'linked'))
        const choices: Partial<DirectorySourceConfig>[] = [
          { exclude: ['/cache/', '*.log', '!keep.log'] },
          { include: ['src/', 'small'] },
          { excludeCaches: true, excludeIfPresent: ['.nobackup'] },
          { excludeLargerThanBytes: 4000 },
          { excludeFile: join(root, 'patterns'), exclude: ['!keep.log'] },
          { include: ['pic'], exclude: ['fake/'] },
        ]
        const path = pathOf(t)
        for (const choice of choices) {
          const config = directoryConfig(root, choice)
          assert.deepEqual(
            paths(await readThere(config, { path })),
            paths(await readHere(config)),
            JSON.stringify(choice),
          )
        }
      })

      it('says what is special, and what cannot be read', async (t) => {
        const root = temporaryDirectory(t)
        put(root, { 'd/file': 'x' })
        spawnSync('mkfifo', [join(root, 'pipe')])
        const tree = await readThere(directoryConfig(root), { path: pathOf(t) })
        assert.deepEqual(warningsOf(tree), [['fifo', 'pipe']])
      })

      it('is refused in words before anything is read', async (t) => {
        const root = temporaryDirectory(t)
        put(root, { file: 'x' })
        mkdirSync(join(root, 'void'))
        const path = pathOf(t)
        const problemOf = async (place: string) => {
          const source = createRemoteDirectorySource(directoryConfig(place), {
            runner: runnerWith(path),
          })
          return (await source.preflight(sourceOptions())).map(({ code, message }) => [
            code,
            message,
          ])
        }
        assert.deepEqual(await problemOf(root), [])
        assert.deepEqual(await problemOf(`${root}/none`), [
          ['source-missing', `${root}/none over there does not exist`],
        ])
        assert.deepEqual(await problemOf(`${root}/file`), [
          ['source-missing', `${root}/file over there is not a directory`],
        ])
        assert.deepEqual(await problemOf(`${root}/void`), [
          ['source-empty', `${root}/void over there is empty`],
        ])
        assert.deepEqual((await problemOf('/proc'))[0]?.[0], 'pseudo-filesystem')
      })

      it('fails as empty when nothing is chosen, unless that is allowed', async (t) => {
        const root = temporaryDirectory(t)
        put(root, { file: 'x' })
        const path = pathOf(t)
        await assert.rejects(readThere(directoryConfig(root, { exclude: ['*'] }), { path }), {
          code: 'source-empty',
        })
        const allowed = directoryConfig(root, { exclude: ['*'], allowEmpty: true })
        assert.deepEqual(paths(await readThere(allowed, { path })), [])
      })

      it('ends with the reason of the signal', async (t) => {
        const root = temporaryDirectory(t)
        put(root, { file: Buffer.alloc(5_000_000) })
        const controller = new AbortController()
        const source = createRemoteDirectorySource(directoryConfig(root), {
          runner: runnerWith(pathOf(t)),
          slabBytes: 1 << 16,
        })
        const reading = source.read(sourceOptions(controller.signal))
        await assert.rejects(
          async () => {
            for await (const _ of reading.segments) controller.abort(new Error('enough'))
          },
          { message: 'enough' },
        )
      })
    },
  )
}
