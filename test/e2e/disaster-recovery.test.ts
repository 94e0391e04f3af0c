/**
 * docs/disaster-recovery.md, followed word by word: its `sh` blocks in one shell, with nothing on the
 * PATH but a base system and what the page says to install, and with this repository hidden from it.
 */
import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { compareTrees, findProgram, leakGuard, snapshotTree } from '@backstream/testkit'
import { type MainJob, openMainJob } from './main-job-fixture.ts'
import { needs } from './main-job-shell.ts'
import { ownMounts } from './own-mounts.ts'

const repository = fileURLToPath(new URL('../../', import.meta.url))
const page = new URL('../../docs/disaster-recovery.md', import.meta.url)
const installed = ['aws', 'age', 'zstd', 'tar', 'jq']
const baseSystem = [
  'sh',
  'bash',
  'env',
  'ls',
  'python3',
  'cat',
  'sed',
  'sort',
  'mkdir',
  'rm',
  'wc',
  'gzip',
  'sha256sum',
]
const secret = 'AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX'
const recipient = 'age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj'

let here: MainJob
let bare: string
before(async () => {
  here = await openMainJob(
    (tree) => `
  sealed: { encryption: { recipients: [${recipient}] }, source: { kind: directory, path: ${tree} } }
  plain: { compression: { algorithm: gzip }, source: { kind: directory, path: ${tree} } }
  both:
    sources:
      - { kind: directory, at: files, path: ${tree} }
      - { kind: command, at: dump, argv: [seq, "400000"] }
`,
  )
  bare = join(here.folder, 'bare')
  await mkdir(join(bare, 'bin'), { recursive: true })
  await writeFile(join(bare, 'age.key'), `${secret}\n`)
  for (const program of [...installed, ...baseSystem]) await offer(program)
  await using _worker = await here.startWorker()
  const { status, stderr } = await here.run(['run', '--all', '--wait'])
  equal(status, 0, stderr)
})
after(async () => await here?.[Symbol.asyncDispose]())
leakGuard()

/** Debian's own where it is; what stands in for it elsewhere needs the PATH it was found on. */
async function offer(program: string): Promise<void> {
  const here = join(bare, 'bin', program)
  const own = [`/usr/bin/${program}`, `/bin/${program}`].find(existsSync)
  if (own) return await symlink(own, here)
  const found = findProgram(program)
  if (!found) return
  const path = process.env['PATH'] ?? ''
  await writeFile(here, `#!/bin/sh\nPATH='${path}' exec '${found}' "$@"\n`, { mode: 0o755 })
}

/** The page's commands, in its order. */
async function commandsOfPage(): Promise<string> {
  const blocks = [...(await readFile(page, 'utf8')).matchAll(/^```sh\n(.*?)^```$/gms)]
  ok(blocks.length >= 5)
  return blocks.map(([, block]) => block).join('\n')
}

/** There the repository is an empty directory, where that can be done. */
async function follow(plan: string, script: string): Promise<{ status: number; output: string }> {
  const isGone = `test ! -e '${repository}package.json' || exit 99`
  const hide = ownMounts ? `mount -t tmpfs none '${repository}' && ${isGone}` : 'true'
  const given = { script: join(bare, 'script.sh'), target: join(bare, plan) }
  await writeFile(given.script, script)
  const clean = `exec env -i PATH="$BARE/bin" sh -c '. "$0"' "$BARE/script.sh"`
  const exported = ['HOME', 'STORE', 'ENDPOINT', 'PLAN', 'TARGET', 'KEY', 'AWS_ACCESS_KEY_ID']
  const kept = [...exported, 'AWS_SECRET_ACCESS_KEY', 'AWS_DEFAULT_REGION']
  const pass = kept.map((name) => `${name}="$${name}"`).join(' ')
  const [program = 'sh', ...args] = [...(ownMounts ?? []), 'sh']
  const child = spawn(
    program,
    [...args, '-c', `${hide}; cd "$BARE"; ${clean.replace('env -i', `env -i ${pass}`)}`],
    {
      cwd: bare,
      env: {
        PATH: process.env['PATH'],
        BARE: bare,
        HOME: bare,
        STORE: `s3://${here.s3.bucket}/${here.s3.prefix}`,
        ENDPOINT: here.s3.endpoint,
        PLAN: plan,
        TARGET: given.target,
        KEY: join(bare, 'age.key'),
        AWS_ACCESS_KEY_ID: here.s3.accessKeyId,
        AWS_SECRET_ACCESS_KEY: here.s3.secretAccessKey,
        AWS_DEFAULT_REGION: here.s3.region,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve(code ?? -1))
  })
  const [status, ...output] = await Promise.all([ended, text(child.stdout), text(child.stderr)])
  return { status, output: output.join('') }
}

describe('docs/disaster-recovery.md', needs(...installed), () => {
  it('is followed with the code of this project out of reach', async () => {
    if (ownMounts) {
      const { status, output } = await follow('plain', `! ls '${repository}package.json'`)
      equal(status, 0, output)
    }
    const node = await follow('plain', 'command -v node npm npx backstream')
    ok(node.status !== 0 && node.status !== 99, node.output)
  })

  for (const plan of ['sealed', 'plain', 'both']) {
    it(`brings the plan ${plan} back`, async () => {
      const { status, output } = await follow(plan, await commandsOfPage())
      equal(status, 0, output)
      match(output, new RegExp(`all of ${plan}/\\S+ is in `))
      const at = join(bare, plan, plan === 'both' ? 'files' : '')
      const trees = [await snapshotTree(here.tree), await snapshotTree(at)] as const
      deepEqual(compareTrees(...trees, { owners: process.getuid?.() === 0 }), [])
      await rm(join(bare, plan), { recursive: true })
    })
  }

  it('stops at an archive that is damaged', async () => {
    const [{ archives }] = await here.bucket.manifests('plain')
    const bytes = await here.bucket.bytes(archives[0].key)
    bytes[1000] = (bytes[1000] ?? 0) ^ 1
    await here.bucket.put(archives[0].key, bytes)
    const { status, output } = await follow('plain', await commandsOfPage())
    equal(status, 1)
    match(output, /archive\.tar\.gz is damaged/)
  })
})
