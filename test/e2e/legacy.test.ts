import { deepEqual, equal, match } from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { leakGuard } from '@backstream/testkit'
import { type MainJob, openMainJob } from './main-job-fixture.ts'

let here: MainJob
before(async () => {
  here = await openMainJob((tree) => `  home: { source: { kind: directory, path: ${tree} } }\n`)
  const old = join(here.folder, 'old')
  await mkdir(join(old, 'dump/CombineDatabase'), { recursive: true })
  await mkdir(join(old, '.CombineFiles/p1'), { recursive: true })
  await writeFile(join(old, 'dump/CombineDatabase/Users.bson.gz'), 'users')
  await writeFile(join(old, '.CombineFiles/p1/a.wav'), 'sound')
  const pack = ['--format=pax', '-czf', '-', '-C', old, 'dump', '.CombineFiles']
  const tar = execFileSync('tar', pack)
  await here.bucket.put('thecombine-app-2026-08-20-03-15-00.tar.gz', tar.subarray(0, 100))
  await here.bucket.put('thecombine-app-2026-08-21-03-15-00.tar.gz', tar)
  await here.bucket.put('deep/er/qa-2026-08-01-03-15-00.tar.gz', tar)
  await here.bucket.put('thecombine-app-notes.txt', tar)
})
after(async () => await here?.[Symbol.asyncDispose]())
leakGuard()

describe('--legacy', () => {
  it("lists the predecessor's archives, and nothing else", async () => {
    const { archives } = await here.json(['list', '--legacy'])
    deepEqual(
      archives.map(({ host, stamp }: { host: string; stamp: string }) => `${host}/${stamp}`),
      [
        'qa/2026-08-01-03-15-00',
        'thecombine-app/2026-08-21-03-15-00',
        'thecombine-app/2026-08-20-03-15-00',
      ],
    )
    equal((await here.run(['list'])).stdout, 'no backups\n')
  })

  it('restores the newest, dot folders too, and does not call it verified', async () => {
    const to = join(here.folder, 'back')
    const args = ['restore', 'thecombine-app', '--legacy', '--to', to]
    const { status, stdout, stderr } = await here.run(args)
    equal(status, 0, stderr)
    match(stdout, /^thecombine-app\/2026-08-21-03-15-00: restored: 6 entries/)
    match(stderr, /no manifest tells what\n +should be in it. There is: dump, \.CombineFiles/)
    equal(await readFile(join(to, '.CombineFiles/p1/a.wav'), 'utf8'), 'sound')
  })

  it('takes a path, a time, and an address without configuration', async () => {
    const { s3 } = here
    const env = {
      AWS_ENDPOINT_URL: s3.endpoint,
      AWS_REGION: s3.region,
      AWS_ACCESS_KEY_ID: s3.accessKeyId,
      AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
      BACKSTREAM_CONFIG: '/nowhere',
    }
    const from = ['--from', `s3://${s3.bucket}/${s3.prefix}/deep`]
    const to = join(here.folder, 'part')
    const args = ['restore', 'qa/2026-08', '--legacy', ...from, '--to', to, '--path', 'dump']
    const { status, stderr } = await here.run(args, { env: { ...here.env, ...env } })
    equal(status, 0, stderr)
    equal(await readFile(join(to, 'dump/CombineDatabase/Users.bson.gz'), 'utf8'), 'users')
  })

  it('fails on one that was cut, and knows what is not there', async () => {
    const to = join(here.folder, 'cut')
    const cut = ['restore', 'thecombine-app/2026-08-20', '--legacy', '--to', to]
    const { status, stderr } = await here.run(cut)
    equal(status, 1)
    match(stderr, /ends/)
    equal((await here.run(['restore', 'other', '--legacy', '--to', to])).status, 5)
  })
})
