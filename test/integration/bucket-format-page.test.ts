/** The worked bytes of docs/bucket-format.md, read by the product's code and by zstd and tar. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import { crc32 } from 'node:zlib'
import { openIndex, readSeekTable, readTar, unpackFrames } from '@backstream/archive'
import { parseSlot } from '@backstream/backup'
import { parseBackupId } from '@backstream/kernel'
import { findProgram } from '@backstream/testkit'

const page = readFileSync(new URL('../../docs/bucket-format.md', import.meta.url), 'utf8')
const block = (name: string) =>
  new RegExp(`^\`\`\`${name}\\n(.*?)^\`\`\`$`, 'ms').exec(page)?.[1] ?? ''
/** `0010  07 00 …`: an offset, then up to sixteen bytes. */
const bytesOf = (name: string) =>
  Buffer.from(
    block(`hex ${name}`)
      .split('\n')
      .map((line) => line.slice(6).replaceAll(' ', ''))
      .join(''),
    'hex',
  )

const archive = bytesOf('archive')
const index = bytesOf('index')
const slot = parseSlot('media/20261123T031500Z-000042.json', Buffer.from(block('json manifest')))
const signal = new AbortController().signal
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const reading = (bytes: Buffer) => ({
  bytes: bytes.length,
  read: async (start: number, end: number) => bytes.subarray(start, end),
})

function manifest() {
  ok(slot.kind === 'manifest')
  return slot.manifest
}

describe('docs/bucket-format.md', () => {
  it('has a manifest of the bytes it shows', () => {
    const { archives, index: described, backup, run } = manifest()
    deepEqual(
      archives.map(({ bytes, sha256: hash }) => [bytes, hash]),
      [[archive.length, sha256(archive)]],
    )
    deepEqual([described.bytes, described.sha256], [index.length, sha256(index)])
    deepEqual(parseBackupId(backup), { startedAtMs: Date.parse(run.startedAt), fence: run.fence })
  })

  it('has an archive whose end tells its frames', async () => {
    deepEqual(await readSeekTable(reading(archive)), [107, 2048])
  })

  it('has an archive of one file, with the count and checksum of the manifest', async () => {
    const plain: Uint8Array[] = []
    const frames = unpackFrames(inOneChunk(archive), { algorithm: 'zstd', signal })
    for await (const chunk of frames) plain.push(Buffer.from(chunk))
    const tar = Buffer.concat(plain)
    const { content } = manifest()
    deepEqual(
      [tar.length, crc32(tar).toString(16).padStart(8, '0')],
      [content.bytes, content.crc32],
    )
    for await (const { header, content: body } of readTar(inOneChunk(tar), { signal })) {
      equal(header.path, 'hello.txt')
      equal(await text(body), 'hello, backup\n')
    }
  })

  it('has an index with the entry it shows', async () => {
    const { footer } = manifest().index
    const opened = await openIndex({ ...reading(index), footer })
    deepEqual(opened.footer.frames, [107, 2048])
    const { mtime, ...shown } = JSON.parse(block('json entry'))
    for await (const entry of opened.entries()) deepEqual(entry, { ...shown, mtimeMs: mtime })
  })

  const skip = findProgram('zstd') && findProgram('tar') ? false : 'no zstd or tar here'
  it('has an archive that zstd and tar read', { skip }, () => {
    const plain = spawnSync('zstd', ['-dc'], { input: archive })
    const file = spawnSync('tar', ['-xOf', '-', 'hello.txt'], { input: plain.stdout })
    equal(String(file.stdout), 'hello, backup\n')
  })
})

async function* inOneChunk(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes
}
