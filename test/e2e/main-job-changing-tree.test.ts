import { deepEqual, equal } from 'node:assert/strict'
import { appendFile, mkdir, open, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { leakGuard } from '@backstream/testkit'
import { type MainJob, openMainJob } from './main-job-fixture.ts'
import { asStranger, needs } from './main-job-shell.ts'

const mebibyte = 1024 * 1024
/** More than what is read ahead of a store that stands still. */
const largeBytes = 128 * mebibyte

let here: MainJob
before(async () => {
  here = await openMainJob(
    (tree) => `
  busy: { compression: { algorithm: none }, source: { kind: directory, path: ${tree}/../busy } }
`,
  )
})
after(() => here?.[Symbol.asyncDispose]())
leakGuard()

async function makeLarge(path: string): Promise<void> {
  await using file = await open(path, 'w')
  await file.truncate(largeBytes)
}

describe('a directory that changes while it is read', needs('aws'), () => {
  it('gives a good and whole archive, with a warning for each change', async () => {
    const busy = join(here.folder, 'busy')
    await mkdir(busy)
    await makeLarge(join(busy, '1-shrinks'))
    await makeLarge(join(busy, '2-grows'))
    await writeFile(join(busy, '3-vanishes'), 'here today')
    await writeFile(join(busy, '4-stays'), 'always here')

    await using _worker = await here.startWorker()
    // The reading stands still in the large file while the store does.
    const inFirst = here.faults.add({
      operation: 'UploadPart',
      key: /archive/,
      action: { hold: 'before' },
    })
    await using run = here.start(['run', 'busy', '--wait', '--json'])
    await inFirst.struck
    await truncate(join(busy, '1-shrinks'), largeBytes - 10 * mebibyte)
    const inSecond = here.faults.add({
      operation: 'UploadPart',
      key: /archive/,
      skip: largeBytes / (16 * mebibyte),
      action: { hold: 'before' },
    })
    inFirst.release()
    await inSecond.struck
    await appendFile(join(busy, '2-grows'), 'more')
    await rm(join(busy, '3-vanishes'))
    inSecond.release()

    equal((await run.exited).code, 0, run.stderr())
    const [{ result }] = JSON.parse(run.stdout()).runs
    const [manifest] = await here.bucket.manifests('busy')
    equal(manifest.status, 'good')
    equal(result.warnings, 3)
    deepEqual(
      manifest.warnings.map(({ code, count }: { code: string; count: number }) => [code, count]),
      [
        ['shrank', 1],
        ['grew', 1],
        ['vanished', 1],
      ],
    )
    const out = join(here.folder, 'out')
    await mkdir(out)
    const [archive] = manifest.archives
    const address = `s3://${here.s3.bucket}/${here.s3.prefix}/${archive.key}`
    await asStranger(here, `aws s3 cp ${address} - | tar -xf -`, { cwd: out })
    const sizes = ['1-shrinks', '2-grows', '4-stays'].map(async (name) => {
      return (await stat(join(out, name))).size
    })
    deepEqual(await Promise.all(sizes), [largeBytes, largeBytes, 'always here'.length])
  })
})
