import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  createZstdCompress,
  createZstdDecompress,
  gzipSync,
  zstdCompressSync,
  zstdDecompressSync,
} from 'node:zlib'
import { ByteReader } from './byte-reader.ts'
import { chunked, collect } from './tar-samples.ts'
import { type UnpackOptions, unpackFrames } from './unpack-frames.ts'
import { readZstdFrame } from './zstd-frames.ts'

const signal = new AbortController().signal
const texts = ['first '.repeat(5000), '', 'second', 'third '.repeat(100_000)].map((t) =>
  Buffer.from(t),
)
const plain = Buffer.concat(texts)
const random = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * i * 31 + (i >> 3)) & 255))

const skippable = Buffer.concat([
  Buffer.from([0x5e, 0x2a, 0x4d, 0x18, 5, 0, 0, 0]),
  Buffer.from('notes'),
])

async function unpack(
  bytes: Uint8Array,
  options: Partial<UnpackOptions> = {},
  sizes?: readonly number[],
): Promise<Buffer> {
  const body = chunked(bytes, sizes)
  return await collect(unpackFrames(body, { algorithm: 'zstd', signal, ...options }))
}

describe("Node's own zstd decoder", () => {
  // Why frames are found and decoded one by one. When these fail, Node has changed: see what it does.
  it('stops after the first frame without an error', () => {
    const two = Buffer.concat([zstdCompressSync('a'), zstdCompressSync('b')])
    assert.equal(zstdDecompressSync(two).toString(), 'a')
  })

  it('delivers less than was stored when it is fed several frames as a stream', async () => {
    const frame = zstdCompressSync(Buffer.alloc(100_000, 'x'))
    const decoder = createZstdDecompress()
    let bytes = 0
    const ended = new Promise<void>((resolve) => {
      decoder.on('error', () => resolve())
      decoder.on('end', () => resolve())
      decoder.on('close', () => resolve())
    })
    decoder.on('data', (chunk: Buffer) => {
      bytes += chunk.length
    })
    decoder.end(Buffer.concat([frame, frame, frame]))
    await ended
    assert.ok(bytes < 300_000)
  })
})

describe('unpackFrames, zstd', () => {
  const frames = texts.map((text) => zstdCompressSync(text, { params: { 201: 1 } }))
  const whole = Buffer.concat([...frames.slice(0, 2), skippable, ...frames.slice(2), skippable])

  it('reads every frame and passes over skippable ones, however the bytes are cut', async () => {
    for (const sizes of [[1 << 20], [1], [3, 1000]]) {
      assert.ok((await unpack(whole, {}, sizes)).equals(plain))
    }
  })

  it('reads frames that do not say their size, and blocks that do not shrink', async () => {
    const streamed = await collect(streamedFrame(random))
    assert.ok(
      (await unpack(Buffer.concat([streamed, whole]))).equals(Buffer.concat([random, plain])),
    )
  })

  it('calls a tail that is no frame corrupt', async () => {
    await assert.rejects(unpack(Buffer.concat([whole, Buffer.from('garbage')])), {
      code: 'corrupt',
    })
    await assert.rejects(unpack(Buffer.alloc(10)), { code: 'corrupt' })
  })

  it('calls every cut inside a frame truncated', async () => {
    const [frame] = frames as [Buffer]
    for (let length = 1; length < frame.length; length++) {
      await assert.rejects(unpack(frame.subarray(0, length)), { code: 'truncated' })
    }
    await assert.rejects(unpack(whole.subarray(0, -1)), { code: 'truncated' })
  })

  it('notices a changed byte by the checksum', async () => {
    const stored = zstdCompressSync(random, { params: { 201: 1 } })
    stored.writeUInt8(stored.readUInt8(stored.length - 100) ^ 1, stored.length - 100)
    await assert.rejects(unpack(stored), { code: 'corrupt' })
  })

  it('refuses frames that would need more memory than allowed, by what they say and what they do', async () => {
    const bomb = Buffer.alloc(1 << 20)
    await assert.rejects(unpack(zstdCompressSync(bomb), { maxFrameBytes: 1 << 19 }), {
      code: 'too-large',
    })
    const unsaid = await collect(streamedFrame(bomb))
    const frame = await readZstdFrame(new ByteReader(chunked(unsaid)), { maxFrameBytes: 64 << 20 })
    assert.equal(frame?.plainBytes, null)
    await assert.rejects(unpack(unsaid, { maxFrameBytes: 1 << 19 }), { code: 'too-large' })
  })

  it('tells the producer to stop when the consumer does', async () => {
    let isReturned = false
    async function* body(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield frames[0] as Buffer
      } finally {
        isReturned = true
      }
    }
    for await (const _ of unpackFrames(body(), { algorithm: 'zstd', signal })) break
    assert.equal(isReturned, true)
  })

  it('rejects with the reason of its signal', async () => {
    const controller = new AbortController()
    const reading = (async () => {
      const options = { algorithm: 'zstd', signal: controller.signal } as const
      for await (const _ of unpackFrames(chunked(whole, [100]), options)) {
        controller.abort(new Error('enough'))
      }
    })()
    await assert.rejects(reading, { message: 'enough' })
  })
})

describe('unpackFrames, gzip', () => {
  const members = texts.map((text) => gzipSync(text))
  const whole = Buffer.concat(members)
  const options = { algorithm: 'gzip' } as const

  it('reads every member, however the bytes are cut', async () => {
    for (const sizes of [[1 << 20], [1], [3, 1000]]) {
      assert.ok((await unpack(whole, options, sizes)).equals(plain))
    }
    const many = Buffer.concat(Array.from({ length: 50 }, () => gzipSync(random)))
    assert.equal((await unpack(many, options)).length, 50 * random.length)
  })

  it('reads members with a name, a comment, an extra field and a header checksum', async () => {
    const [member] = members as [Buffer]
    const head = Buffer.from(member.subarray(0, 10))
    head.writeUInt8(0x1e, 3)
    const extra = Buffer.from('\x03\x00abcname\0comment\0hh', 'latin1')
    const dressed = Buffer.concat([head, extra, member.subarray(10)])
    assert.ok((await unpack(dressed, options)).equals(texts[0] as Buffer))
  })

  it('calls a tail that is no member corrupt, and a short one truncated', async () => {
    const garbage = Buffer.from('garbage beyond')
    await assert.rejects(unpack(Buffer.concat([whole, garbage]), options), { code: 'corrupt' })
    await assert.rejects(unpack(Buffer.concat([whole, Buffer.alloc(2)]), options), {
      code: 'truncated',
    })
  })

  it('calls every cut inside a member truncated', async () => {
    const [member] = members as [Buffer]
    for (let length = 1; length < member.length; length++) {
      await assert.rejects(unpack(member.subarray(0, length), options), { code: 'truncated' })
    }
  })

  it('notices changed bytes', async () => {
    const stored = gzipSync(random)
    for (const at of [50, stored.length - 6, stored.length - 2]) {
      const changed = Buffer.from(stored)
      changed.writeUInt8(changed.readUInt8(at) ^ 0xff, at)
      await assert.rejects(unpack(changed, options), { code: 'corrupt' }, `byte ${at}`)
    }
  })
})

/** One frame whose header does not tell its size, as `zstd` writes from a pipe. */
async function* streamedFrame(bytes: Buffer): AsyncGenerator<Uint8Array> {
  const encoder = createZstdCompress()
  encoder.write(bytes.subarray(0, 1000))
  setImmediate(() => encoder.end(bytes.subarray(1000)))
  yield* encoder
}

describe('chunks that are filled again', () => {
  /** As pieces are fetched: in one shared buffer, which the next one overwrites. */
  async function* reused(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
    const buffer = Buffer.from(new SharedArrayBuffer(size))
    for (let at = 0; at < bytes.length; at += size) {
      buffer.fill(0xaa)
      buffer.set(bytes.subarray(at, at + size))
      yield buffer.subarray(0, Math.min(size, bytes.length - at))
    }
    buffer.fill(0xaa)
  }

  const members = Array.from({ length: 40 }, (_, at) => Buffer.alloc(50_000 + at, at))
  for (const [algorithm, pack] of [
    ['none', (bytes: Buffer) => bytes],
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
  ] as const) {
    for (const reusedAfter of [1, 2, 5]) {
      it(`are as they were until ${reusedAfter} more are asked for (${algorithm})`, async () => {
        const stored = Buffer.concat(members.map((member) => pack(member)))
        const kept: { chunk: Uint8Array; copy: Buffer }[] = []
        const all: Buffer[] = []
        const body = reused(stored, 70_000)
        for await (const chunk of unpackFrames(body, { algorithm, signal, reusedAfter })) {
          kept.push({ chunk, copy: Buffer.from(chunk) })
          all.push(Buffer.from(chunk))
          if (kept.length > reusedAfter) kept.shift()
          for (const one of kept) assert.ok(one.copy.equals(one.chunk))
        }
        assert.ok(Buffer.concat(all).equals(Buffer.concat(members)))
      })
    }
  }
})
