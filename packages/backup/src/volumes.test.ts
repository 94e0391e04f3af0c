import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { splitVolumes } from './volumes.ts'

async function* chunksOf(sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let next = 0
  for (const size of sizes) {
    yield Uint8Array.from({ length: size }, () => next++ % 251)
  }
}

async function collect(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Uint8Array[]> {
  const volumes: Uint8Array[] = []
  for await (const volume of splitVolumes(body, maxBytes)) {
    const parts: Uint8Array[] = []
    for await (const chunk of volume) parts.push(chunk)
    volumes.push(Buffer.concat(parts))
  }
  return volumes
}

test('the volumes together are the stream, and all but the last are full', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.nat(40), { maxLength: 20 }),
      fc.integer({ min: 1, max: 64 }),
      async (sizes, maxBytes) => {
        const whole: Uint8Array[] = []
        for await (const chunk of chunksOf(sizes)) whole.push(chunk)
        const volumes = await collect(chunksOf(sizes), maxBytes)
        assert.deepEqual(Buffer.concat(volumes), Buffer.concat(whole))
        const lengths = volumes.map(({ byteLength }) => byteLength)
        assert.ok(lengths.slice(0, -1).every((length) => length === maxBytes))
        const last = lengths.at(-1) ?? -1
        assert.ok(last <= maxBytes && (last > 0 || lengths.length === 1))
      },
    ),
  )
})

test('an error of the stream is thrown by the volume that meets it', async () => {
  async function* failing(): AsyncGenerator<Uint8Array> {
    yield new Uint8Array(10)
    throw new Error('source died')
  }
  await assert.rejects(collect(failing(), 4), /source died/)
})

test('leaving early closes the stream', async () => {
  let isClosed = false
  async function* endless(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) yield new Uint8Array(10)
    } finally {
      isClosed = true
    }
  }
  for await (const volume of splitVolumes(endless(), 30)) {
    for await (const _ of volume);
    break
  }
  assert.ok(isClosed)
})
