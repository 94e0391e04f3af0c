import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { ListBucketsCommand, S3Client } from '@aws-sdk/client-s3'

const main = join(import.meta.dirname, 'main.ts')

test('prints how to reach it, serves, and leaves nothing behind', async () => {
  await using place = await temporaryDir()
  const child = start(place.dir, '--bucket', 'one', '--bucket', 'two', '--access-key-id', 'me')
  const [line] = await once(
    createInterface({ input: child.stdout as NodeJS.ReadableStream }),
    'line',
  )
  const { endpoint, region, accessKeyId, secretAccessKey } = JSON.parse(line)
  assert.equal(accessKeyId, 'me')
  const credentials = { accessKeyId, secretAccessKey }
  const s3 = new S3Client({ endpoint, region, credentials, forcePathStyle: true })
  const { Buckets } = await s3.send(new ListBucketsCommand({}))
  assert.deepEqual(
    Buckets?.map(({ Name }) => Name),
    ['one', 'two'],
  )
  s3.destroy()
  assert.equal((await readdir(place.dir)).length, 1)
  child.kill('SIGTERM')
  const [code] = await once(child, 'exit')
  assert.equal(code, 0)
  assert.deepEqual(await readdir(place.dir), [])
})

test('refuses options it does not know with status 2', async () => {
  await using place = await temporaryDir()
  const [code] = await once(start(place.dir, '--nonsense'), 'exit')
  assert.equal(code, 2)
})

function start(temporary: string, ...args: string[]): ChildProcess {
  return spawn(process.execPath, [main, ...args], {
    // biome-ignore lint/style/noProcessEnv: the child needs the rest of the environment
    env: { ...process.env, TMPDIR: temporary },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
}

async function temporaryDir(): Promise<AsyncDisposable & { readonly dir: string }> {
  const dir = await mkdtemp(join(tmpdir(), 's3-embedded-test-'))
  return {
    dir,
    [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }),
  }
}
