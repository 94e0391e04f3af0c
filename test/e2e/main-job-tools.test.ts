import { deepEqual, equal, ok } from 'node:assert/strict'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { compareTrees, leakGuard, type StartedProcess, snapshotTree } from '@backstream/testkit'
import { type MainJob, openMainJob } from './main-job-fixture.ts'
import { asStranger, needs } from './main-job-shell.ts'

const decompress = { zstd: 'zstd -d', gzip: 'gzip -d', none: 'cat' } as const
const algorithms = ['zstd', 'gzip', 'none'] as const

let here: MainJob
let worker: StartedProcess
before(async () => {
  here = await openMainJob(
    (tree) => `
${algorithms
  .map(
    (algorithm) =>
      `  tree-${algorithm}: { compression: { algorithm: ${algorithm} }, source: { kind: directory, path: ${tree} } }`,
  )
  .join('\n')}
  dump: { source: { kind: command, argv: [cat, dump.sql], cwd: ${tree}/.. } }
  both:
    sources:
      - { kind: command, at: "it's a dump", argv: [cat, dump.sql], cwd: ${tree}/.. }
      - { kind: directory, at: files, path: ${tree} }
`,
  )
  // More than one member of the archive, and more than one part of the upload.
  await asStranger(here, 'head -c 40000000 /dev/urandom > dump.sql', { cwd: here.folder })
  worker = await here.startWorker()
  const { status, stderr } = await here.run(['run', '--all', '--wait'])
  equal(status, 0, stderr)
})
after(async () => {
  await worker?.[Symbol.asyncDispose]()
  await here?.[Symbol.asyncDispose]()
})
leakGuard()

async function manifestOf(plan: string) {
  const [manifest] = await here.bucket.manifests(plan)
  return manifest
}

async function isTheDump(file: string): Promise<void> {
  const [output, dump] = await Promise.all([
    readFile(file),
    readFile(join(here.folder, 'dump.sql')),
  ])
  ok(output.equals(dump), `${output.length} bytes instead of ${dump.length}, or others`)
}

async function emptyFolder(name: string): Promise<string> {
  const path = join(here.folder, name)
  await mkdir(path)
  return path
}

describe('the archive in the bucket', needs('aws', 'zstd'), () => {
  for (const algorithm of algorithms) {
    it(`has the hash of the manifest, and tar finds no difference to the tree (${algorithm})`, async () => {
      const [archive] = (await manifestOf(`tree-${algorithm}`)).archives
      const file = join(here.folder, algorithm)
      const script = `
        aws s3 cp --quiet s3://${here.s3.bucket}/${here.s3.prefix}/${archive.key} ${file}
        sha256sum < ${file}
        ${decompress[algorithm]} < ${file} | tar -d`
      const told = await asStranger(here, script, { cwd: here.tree })
      equal(String(told), `${archive.sha256}  -\n`)
    })
  }
})

describe('RESTORE.md', needs('aws', 'zstd'), () => {
  /** Every command of the guide but Backstream's own, run as it stands. */
  async function follow(plan: string): Promise<string> {
    const { backup, archives } = await manifestOf(plan)
    const guide = String(await here.bucket.bytes(`${plan}/${backup}/RESTORE.md`))
    const commands = [...guide.matchAll(/^ {4}(.*)$/gm)].map(([, command]) => command ?? '')
    const byHand = commands.filter((command) => !command.startsWith('backstream '))
    const cwd = await emptyFolder(`by-hand-${plan}`)
    const told = String(await asStranger(here, byHand.join('\n'), { cwd }))
    equal(told, archives.map(({ sha256 }: { sha256: string }) => `${sha256}  -\n`).join(''))
    return join(cwd, 'DIR')
  }

  it('gives the tree back', async () => {
    const restored = await follow('tree-zstd')
    const owners = process.getuid?.() === 0
    const trees = [await snapshotTree(here.tree), await snapshotTree(restored)] as const
    deepEqual(compareTrees(...trees, { owners }), [])
  })

  it('gives the output of a command back, byte for byte', async () => {
    await isTheDump(join(await follow('dump'), 'OUTPUT'))
  })

  it('gives both back, from an archive that holds both', async () => {
    const restored = await follow('both')
    await isTheDump(join(restored, 'OUTPUT'))
    const trees = [await snapshotTree(here.tree), await snapshotTree(join(restored, 'files'))]
    deepEqual(compareTrees(trees[0]!, trees[1]!, { owners: process.getuid?.() === 0 }), [])
  })
})

describe('restore', () => {
  it('gives the output of a command back as one file', async () => {
    const to = join(here.folder, 'restored')
    const { status, stderr } = await here.run(['restore', 'dump', '--to', to])
    equal(status, 0, stderr)
    await isTheDump(join(to, 'dump'))
  })
})
