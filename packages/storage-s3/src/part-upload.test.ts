import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { createPartBuffers, cutParts, type PartBuffers } from './cut-parts.ts'
import { createPartUpload } from './part-upload.ts'
import { createUploadClient } from './upload-client.ts'

const partBytes = 5 * 1024 * 1024

interface Sent {
  readonly command: string
  readonly partNumber: number | undefined
  readonly bytes: number
  readonly memory: ArrayBufferLike | undefined
}

/** A client that says yes to everything, and keeps what it was asked. */
function recordingClient(): { readonly client: S3Client; readonly sent: Sent[] } {
  const sent: Sent[] = []
  const send = async (command: { readonly input: Input }) => {
    const { Body, PartNumber } = command.input
    const { byteLength: bytes = 0, buffer: memory } = Body ?? {}
    sent.push({ command: command.constructor.name, partNumber: PartNumber, bytes, memory })
    return { UploadId: 'upload', ETag: '"etag"' }
  }
  const { config } = new S3Client({ region: 'us-east-1' })
  return { client: { config, send } as unknown as S3Client, sent }
}

interface Input {
  readonly Body?: Uint8Array
  readonly PartNumber?: number
}

async function* zeros(bytes: number): AsyncGenerator<Uint8Array> {
  for (let left = bytes; left > 0; left -= 1_000_000)
    yield new Uint8Array(Math.min(left, 1_000_000))
}

function uploadOf(
  client: S3Client,
  bytes: number,
  buffers: PartBuffers = createPartBuffers(partBytes),
): Upload {
  return createPartUpload(
    { client, params: { Bucket: 'b', Key: 'k' }, partSize: partBytes, queueSize: 1 },
    cutParts(zeros(bytes), buffers),
  )
}

describe('createPartUpload', () => {
  // What it takes for granted of lib-storage. When one fails, the library has changed: see
  // docs/decisions/0005-parts-cut-for-lib-storage.md.
  it("has lib-storage send our own memory, part by part, and nothing of a body's", async () => {
    const { client, sent } = recordingClient()
    const buffers = createPartBuffers(partBytes)
    const ours = new Set<ArrayBufferLike>()
    const take = () => {
      const buffer = buffers.take()
      ours.add(buffer.buffer)
      return buffer
    }
    await uploadOf(client, 2 * partBytes + 10, { ...buffers, take }).done()
    assert.deepEqual(
      sent.map(({ command, partNumber, bytes }) => [command, partNumber, bytes]),
      [
        ['CreateMultipartUploadCommand', undefined, 0],
        ['UploadPartCommand', 1, partBytes],
        ['UploadPartCommand', 2, partBytes],
        ['UploadPartCommand', 3, 10],
        ['CompleteMultipartUploadCommand', undefined, 0],
      ],
    )
    const parts = sent.filter(({ partNumber }) => partNumber !== undefined)
    assert.ok(parts.every(({ memory }) => memory && ours.has(memory)))
    // Shared memory weighs nothing for the collector: what is dropped of it would not be missed.
    assert.ok(parts.every(({ memory }) => memory instanceof ArrayBuffer))
  })

  for (const bytes of [0, 1, partBytes]) {
    it(`has lib-storage put a body of ${bytes} bytes at once`, async () => {
      const { client, sent } = recordingClient()
      await uploadOf(client, bytes).done()
      assert.deepEqual(
        sent.map(({ command, bytes: size }) => [command, size]),
        [['PutObjectCommand', bytes]],
      )
    })
  }

  it('refuses a lib-storage that has no place to put parts in', (t) => {
    replaceWork(t, undefined)
    assert.throws(() => uploadOf(recordingClient().client, 1), /works in another way/)
  })

  it('lets no object appear by a lib-storage that went past it: the body was never read', async () => {
    const work = {
      key: 'k',
      options: {},
      signal: new AbortController().signal,
      finishedDigest: () => undefined,
    }
    const client = createUploadClient({ locate: String } as never, work as never)
    const put = new PutObjectCommand({ Bucket: 'b', Key: 'k', Body: new Uint8Array(0) })
    await assert.rejects(client.send(put), /before its body had ended/)
  })
})

function replaceWork(t: TestContext, work: unknown): void {
  const prototype = Upload.prototype as unknown as Record<string, unknown>
  const original = prototype['__doConcurrentUpload']
  prototype['__doConcurrentUpload'] = work
  t.after(() => {
    prototype['__doConcurrentUpload'] = original
  })
}
