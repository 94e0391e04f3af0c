import { equal, match, ok } from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { silentLogger } from '@backstream/kernel'
import { openS3Storage } from '@backstream/storage-s3'
import { type Installation, openInstallation } from './cli-installation.ts'

let here: Installation
before(async () => {
  here = await openInstallation()
  await here.run(['run', 'home', '--wait'])
})
after(async () => await here[Symbol.asyncDispose]())

describe('verify', () => {
  it('reads back what is stored, says how much that is first, and notes the result', async () => {
    const stored = await here.run(['verify', 'home'])
    equal(stored.status, 0, stored.stderr)
    match(stored.stderr, /^home\/\S+: reading \d/m)
    match(stored.stdout, /^home\/\S+: verified: stored as it was \(/)
    const deep = await here.json(['verify', 'home', '--deep'])
    equal(deep.format, 'backstream.verify/1')
    equal(deep.outcome, 'verified')
    equal((await here.run(['verify', 'nothing'])).status, 5)
  })

  it('names the frame and the files of a flipped bit, and no longer takes it for good', async () => {
    const { archives, plan, backup } = await here.json(['show', 'home'])
    await flipBit(here, archives[0].key)
    const ref = `${plan}/${backup}`
    const { status, stdout } = await here.run(['verify', ref, '--deep'])
    equal(status, 1)
    match(stdout, /refuted/)
    match(stdout, /frame 0 at byte 0 cannot be read; in it lie \S+/)
    equal((await here.run(['restore', ref, '--to', `${here.folder}/damaged`])).status, 1)
  })
})

async function flipBit({ s3 }: Installation, key: string): Promise<void> {
  const { accessKeyId, secretAccessKey, bucket, endpoint, region, prefix } = s3
  await using storage = await openS3Storage({
    ...{ bucket, prefix, endpoint, region, pathStyle: true, logger: silentLogger },
    credentials: { accessKeyId, secretAccessKey },
  })
  const chunks: Uint8Array[] = []
  for await (const chunk of (await storage.get(key)).body) chunks.push(chunk)
  const bytes = Buffer.concat(chunks)
  ok(bytes.length > 1000)
  bytes[1000] = (bytes[1000] ?? 0) ^ 1
  await storage.put(key, bytes)
}
