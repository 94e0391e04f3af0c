import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { test } from 'node:test'
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { watchSentBodies } from './sent-bodies.ts'

const bytes = Buffer.alloc(1_000_000, 'some bytes')

/** A store that looks at the body, or not, before it answers. */
async function put(
  endpoint: string,
  look: (body: unknown) => Promise<void>,
  socket: { readonly writableLength: number } = { writableLength: 0 },
) {
  const client = new S3Client({
    ...{ endpoint, region: 'us-east-1', forcePathStyle: true, maxAttempts: 1 },
    credentials: { accessKeyId: 'a', secretAccessKey: 's' },
    requestChecksumCalculation: 'WHEN_REQUIRED',
    requestHandler: {
      handle: async ({ body }: { body: unknown }) => {
        await look(body)
        const answer = Object.assign(Readable.from([]), { socket })
        return { response: { statusCode: 200, headers: {}, body: answer } }
      },
    } as never,
  })
  const sent = watchSentBodies(client)
  await client.send(new PutObjectCommand({ Bucket: 'b', Key: 'k', Body: bytes }))
  return sent.has(bytes)
}

test('sends a body in one piece where nothing has to be encrypted', async () => {
  const look = async (body: unknown) => assert.equal(body, bytes)
  assert.equal(await put('http://store', look), true)
})

test('sends a body in slices over TLS', async () => {
  const sizes: number[] = []
  const look = async (body: unknown) => {
    assert.ok(body instanceof Readable)
    const slices: Buffer[] = []
    for await (const slice of body) slices.push(slice)
    sizes.push(...slices.map(({ length }) => length))
    assert.ok(Buffer.concat(slices).equals(bytes))
  }
  assert.equal(await put('https://store', look), true)
  assert.ok(Math.max(...sizes) <= 256 << 10)
})

test('does not take a body for sent that was answered before all of it had been passed on', async () => {
  const lookAtSome = async (body: unknown) => {
    for await (const _ of body as Readable) return
  }
  assert.equal(await put('https://store', lookAtSome), false)
  assert.equal(await put('https://store', async () => {}), false)
})

test('does not take a body for sent that the socket still holds some of', async () => {
  const read = async (body: unknown) => void (await buffer(body as Readable))
  assert.equal(await put('https://store', read, { writableLength: 1 }), false)
  assert.equal(await put('http://store', async () => {}, { writableLength: 1 }), false)
})

test('waits for it to be noticed that the last of a body was written', async () => {
  const written = { writableLength: 262_144 }
  const read = async (body: unknown) => {
    await buffer(body as Readable)
    setImmediate(() => {
      written.writableLength = 0
    })
  }
  assert.equal(await put('https://store', read, written), true)
})
