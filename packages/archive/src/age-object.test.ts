import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { encryptAge } from './age-encrypt.ts'
import type { AgeIdentity } from './age-keys.ts'
import { type OpenedObject, openAgeObject } from './age-object.ts'
import { SEALED_CHUNK_BYTES } from './age-payload.ts'
import { sampleIdentity } from './age-samples.ts'
import { chunked, collect } from './tar-samples.ts'

const { signal } = new AbortController()
const alice = sampleIdentity(1)
const bob = sampleIdentity(2)
const mallory = sampleIdentity(3)
const recipients = [alice.recipient, bob.recipient]
const chunk = 64 << 10
const random = randomBytes(18 * chunk)

interface Sealed {
  readonly file: Buffer
  readonly headerBytes: number
}

async function seal(plain: Uint8Array): Promise<Sealed> {
  const { body, headerBytes } = encryptAge(chunked(plain), recipients)
  return { file: await collect(body), headerBytes }
}

async function openRanged(
  { file, headerBytes }: Sealed,
  identities: readonly AgeIdentity[] = [bob],
): Promise<OpenedObject> {
  const read = (start: number, end: number) => chunked(file.subarray(start, end), [50_000, 7])
  return await openAgeObject({ read, bytes: file.length, headerBytes }, { identities, signal })
}

describe('opening an encrypted object', () => {
  it('tells its plain size at the borders of chunks, and gives it back', async () => {
    for (const bytes of [0, 1, 65_535, 65_536, 65_537, 131_072, 16 * 65_536, 17 * 65_536]) {
      const plain = random.subarray(0, bytes)
      const object = await openRanged(await seal(plain))
      assert.equal(object.bytes, bytes)
      assert.deepEqual(await collect(object.read(0, bytes)), plain)
    }
  })

  it('takes any of the identities it is given, and refuses others', async () => {
    const sealed = await seal(random.subarray(0, 100))
    assert.equal((await openRanged(sealed, [mallory, alice])).bytes, 100)
    for (const identities of [[mallory], []]) {
      await assert.rejects(openRanged(sealed, identities), { code: 'identity-wrong' })
    }
  })

  it('proves the end: one cut anywhere is refused before a byte is given', async () => {
    const sealed = await seal(random.subarray(0, 3 * chunk + 5))
    const border = sealed.headerBytes + 16
    const cuts = [0, 1, 30, border - 17, border - 1, border, border + 1, border + 15]
    for (const cut of [...cuts, -1, -20, -21]) {
      const file = sealed.file.subarray(0, cut)
      await assert.rejects(openRanged({ ...sealed, file }), { name: 'ArchiveError' }, `${cut}`)
    }
    for (const chunks of [1, 2, 3]) {
      const file = sealed.file.subarray(0, border + chunks * SEALED_CHUNK_BYTES)
      await assert.rejects(openRanged({ ...sealed, file }), { code: 'truncated' })
    }
  })

  it('proves the end: one that was added to is refused', async () => {
    const sealed = await seal(random.subarray(0, 2 * chunk))
    for (const more of [sealed.file.subarray(-SEALED_CHUNK_BYTES), random.subarray(0, 100)]) {
      const file = Buffer.concat([sealed.file, more])
      await assert.rejects(openRanged({ ...sealed, file }), { code: 'chunk-damaged' })
    }
  })

  it('refuses a header of another size than it was told', async () => {
    const sealed = await seal(random.subarray(0, 10))
    for (const more of [-1, 1, 16]) {
      const headerBytes = sealed.headerBytes + more
      await assert.rejects(openRanged({ ...sealed, headerBytes }), { name: 'ArchiveError' })
    }
  })
})

describe('reading ranges', () => {
  it('gives any range, and fetches no more than its chunks', async () => {
    const plain = random.subarray(0, 5 * chunk + 1000)
    const { file, headerBytes } = await seal(plain)
    let fetched = 0
    const read = (start: number, end: number) => {
      fetched += end - start
      return chunked(file.subarray(start, end))
    }
    const object = await openAgeObject(
      { read, bytes: file.length, headerBytes },
      { identities: [bob], signal },
    )
    assert.equal(object.bytes, plain.length)
    assert.equal(fetched, headerBytes + 16 + 1016)
    const place = fc.oneof(fc.nat(plain.length), fc.constantFrom(0, chunk - 1, chunk, 2 * chunk))
    await fc.assert(
      fc.asyncProperty(place, place, async (a, b) => {
        const [start, end] = [Math.min(a, b), Math.max(a, b)]
        fetched = 0
        assert.deepEqual(await collect(object.read(start, end)), plain.subarray(start, end))
        assert.ok(fetched <= (Math.ceil((end - start) / chunk) + 1) * SEALED_CHUNK_BYTES)
      }),
    )
  })

  it('refuses a damaged chunk only to whoever asks for it, and a place outside to all', async () => {
    const sealed = await seal(random.subarray(0, 4 * chunk))
    const at = sealed.headerBytes + 16 + SEALED_CHUNK_BYTES + 9
    sealed.file[at] = (sealed.file[at] ?? 0) ^ 1
    const object = await openRanged(sealed)
    assert.equal((await collect(object.read(0, chunk))).length, chunk)
    await assert.rejects(collect(object.read(chunk - 1, chunk + 1)), { code: 'chunk-damaged' })
    await assert.rejects(collect(object.read(0, 4 * chunk + 1)), { code: 'corrupt' })
  })
})
