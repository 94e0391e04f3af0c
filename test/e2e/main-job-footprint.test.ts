/** Of the packaged command: Node takes some 50 MiB more to read the sources. */
import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { type FSWatcher, watch } from 'node:fs'
import { mkdir, open, readdir, readFile, readlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import {
  contentOf,
  leakGuard,
  startProcess,
  type TemporaryDirectory,
  temporaryDirectory,
  waitFor,
} from '@backstream/testkit'
import { type MainJob, openMainJob } from './main-job-fixture.ts'
import { ownMounts } from './own-mounts.ts'

const mebibyte = 1024 * 1024
const sparseBytes = 1024 * mebibyte
const noiseBytes = 384 * mebibyte
const isLinux = process.platform === 'linux'

const execute = promisify(execFile)
const repository = fileURLToPath(new URL('../../', import.meta.url))

let here: MainJob
let temporary: TemporaryDirectory
let packed: TemporaryDirectory
let program: string
before(async () => {
  temporary = await temporaryDirectory('worker-tmp')
  packed = await temporaryDirectory('packed')
  const stage = ['tools/pack.ts', '--stage', packed.path]
  const { stdout } = await execute(process.execPath, stage, { cwd: repository })
  program = stdout.trim()
  here = await openMainJob(
    (tree) => `
  large: { source: { kind: directory, path: ${tree}/../large } }
  another: { source: { kind: directory, path: ${tree}/../large } }
`,
    { program },
  )
  await makeLargeTree(join(here.folder, 'large'))
})
after(async () => {
  await here?.[Symbol.asyncDispose]()
  await packed?.[Symbol.asyncDispose]()
  await temporary?.[Symbol.asyncDispose]()
})
leakGuard()

/** One file that packs to nothing, and one that does not pack at all, so that all of it is sent. */
async function makeLargeTree(path: string): Promise<void> {
  await mkdir(path)
  await using sparse = await open(join(path, 'sparse'), 'w')
  await sparse.truncate(sparseBytes)
  await using noise = await open(join(path, 'noise'), 'w')
  // Far apart enough that no compressor sees the repetition.
  const piece = Buffer.concat([...contentOf({ bytes: 32 * mebibyte, seed: 1, like: 'noise' })])
  for (let at = 0; at < noiseBytes; at += piece.length) await noise.write(piece)
}

/** Names of whatever is made, written or removed in the folder while it is watched. */
function watchFolder(path: string): { readonly seen: string[]; readonly watcher: FSWatcher } {
  const seen: string[] = []
  const watcher = watch(path, { recursive: true }, (_, name) => seen.push(String(name)))
  return { seen, watcher }
}

/** Files of a file system that the process has open for writing. */
async function filesBeingWritten(pid: number): Promise<string[]> {
  const written: string[] = []
  for (const descriptor of await readdir(`/proc/${pid}/fd`)) {
    try {
      const target = await readlink(`/proc/${pid}/fd/${descriptor}`)
      const info = await readFile(`/proc/${pid}/fdinfo/${descriptor}`, 'utf8')
      const flags = Number.parseInt(/^flags:\s+(\d+)$/m.exec(info)?.[1] ?? '0', 8)
      const isFile = target.startsWith('/') && !target.startsWith('/dev/')
      if (isFile && (flags & 3) !== 0) written.push(target)
    } catch {
      // Closed by now.
    }
  }
  return written
}

/** Runs "$@" where nothing can be written to a file system of the machine, and shows first that it cannot. */
const onReadOnlyRoot = `
  cut -d ' ' -f 5 /proc/self/mountinfo | while read -r at; do
    case $at in /proc | /proc/* | /sys | /sys/* | /dev | /dev/*) ;; *) mount -o remount,bind,ro "$at" ;; esac
  done
  ! touch "$TMPDIR/proof" && exec "$@"`

/** In MiB: now (VmRSS), or at most so far (VmHWM). */
async function memory(pid: number, which: 'VmRSS' | 'VmHWM'): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  const line = status.split('\n').find((text) => text.startsWith(`${which}:`))
  return Math.round(Number.parseInt(line?.slice(which.length + 1) ?? '', 10) / 1024)
}

describe('a run over a large directory', { skip: !isLinux && 'needs /proc' }, () => {
  let peakMiB = 0

  it('writes nothing to the local disk', async () => {
    await using worker = await here.startWorker({ TMPDIR: temporary.path })
    const { seen, watcher } = watchFolder(temporary.path)
    using _watching = { [Symbol.dispose]: () => watcher.close() }
    await using run = here.start(['run', 'large', '--wait'])
    await waitFor(async () => (await here.bucket.uploads()).length > 0, {
      what: 'the upload to begin',
      timeoutMs: 30_000,
    })
    deepEqual(await filesBeingWritten(worker.pid), [])
    const { code } = await run.exited
    equal(code, 0, run.stderr())
    deepEqual(await filesBeingWritten(worker.pid), [])
    peakMiB = await memory(worker.pid, 'VmHWM')
    const [manifest] = await here.bucket.manifests('large')
    ok(manifest.content.bytes > sparseBytes + noiseBytes)
    ok(manifest.archives[0].bytes > noiseBytes)
    equal(seen.join(), '')
    // The watcher does see what is written.
    await writeFile(join(temporary.path, 'proof'), '')
    await waitFor(() => seen.includes('proof'), { what: 'the watcher to tell' })
  })

  it('needs no place to write to', { skip: !ownMounts && 'needs mounts of its own' }, async () => {
    const [command = '', ...args] = ownMounts ?? []
    await using worker = startProcess({
      command,
      args: [...args, 'sh', '-c', onReadOnlyRoot, 'sh', process.execPath, program, 'worker'],
      cwd: here.folder,
      env: { ...here.env, TMPDIR: temporary.path, LC_ALL: 'C' },
    })
    await worker.waitForOutput(/serves backups/)
    match(worker.stderr(), /touch: .*Read-only file system/)
    const { status, stderr } = await here.run(['run', 'another', '--wait'])
    equal(status, 0, stderr)
    equal((await here.bucket.manifests('another')).length, 1)
  })

  it('takes less than 256 MiB of memory', () => {
    ok(peakMiB > 0 && peakMiB < 256, `${peakMiB} MiB at the peak`)
  })

  it('takes no more for the fifth run than for the first, and gives it back', async () => {
    await using worker = await here.startWorker()
    for (let run = 1; run <= 5; run++) {
      await using started = here.start(['run', 'large', '--wait'])
      equal((await started.exited).code, 0, started.stderr())
    }
    const fifthMiB = await memory(worker.pid, 'VmHWM')
    ok(fifthMiB < 256, `${fifthMiB} MiB at the peak of five runs`)
    // Before it had to be asked, a worker kept 190 MiB after its first run and more after the next.
    await waitFor(async () => (await memory(worker.pid, 'VmRSS')) < 170, {
      what: 'the worker to give back what the runs took',
      timeoutMs: 5_000,
    })
  })

  it('takes less than 110 MiB more for another run at the same time', async () => {
    await using worker = await here.startWorker()
    await using one = here.start(['run', 'large', '--wait'])
    await using other = here.start(['run', 'another', '--wait'])
    await waitFor(async () => (await here.bucket.uploads()).length === 2, {
      what: 'both uploads to be under way',
      timeoutMs: 30_000,
    })
    for (const run of [one, other]) equal((await run.exited).code, 0, run.stderr())
    const bothMiB = await memory(worker.pid, 'VmHWM')
    ok(bothMiB < 256 + 110, `${bothMiB} MiB at the peak`)
  })
})
