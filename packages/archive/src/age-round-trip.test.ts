import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { encodeBech32 } from './age-bech32.ts'
import { decryptAge } from './age-decrypt.ts'
import { encryptAge } from './age-encrypt.ts'
import { parseAgeRecipient } from './age-keys.ts'
import { SEALED_CHUNK_BYTES } from './age-payload.ts'
import { sampleIdentity } from './age-samples.ts'
import { chunked, collect } from './tar-samples.ts'

const { signal } = new AbortController()
const alice = sampleIdentity(1)
const bob = sampleIdentity(2)
const mallory = sampleIdentity(3)
const recipients = [alice.recipient, bob.recipient]
const chunk = 64 << 10
const random = randomBytes(40 * chunk)

interface Sealed {
  readonly file: Buffer
  readonly headerBytes: number
}

async function seal(plain: Uint8Array, sizes?: readonly number[]): Promise<Sealed> {
  const { body, headerBytes } = encryptAge(chunked(plain, sizes), recipients)
  return { file: await collect(body), headerBytes }
}

async function open(
  file: Uint8Array,
  identity = alice,
  sizes?: readonly number[],
): Promise<Buffer> {
  return await collect(decryptAge(chunked(file, sizes), { identities: [identity], signal }))
}

const edges = [0, 1, 2, 3, 16, 17, 18].flatMap((chunks) =>
  [-1, 0, 1].map((more) => chunks * chunk + more),
)
const sizeArbitrary = fc.oneof(
  fc.constantFrom(...edges.filter((bytes) => bytes >= 0)),
  fc.integer({ min: 0, max: 3 * chunk }),
)
const cutArbitrary = fc.array(
  fc.oneof(
    fc.constantFrom(1, chunk - 1, chunk, chunk + 1, 17 * chunk),
    fc.integer({ min: 1, max: 2 * chunk }),
  ),
  { minLength: 1, maxLength: 4 },
)

describe('encryption to recipients', () => {
  it('gives every recipient back what went in, whatever its size and however it is cut', async () => {
    await fc.assert(
      fc.asyncProperty(sizeArbitrary, cutArbitrary, cutArbitrary, async (bytes, before, behind) => {
        // A piece of one byte after the other would only take long.
        const plain = random.subarray(0, before.includes(1) ? Math.min(bytes, 3 * chunk) : bytes)
        const sealed = await seal(plain, before.includes(1) ? [1, ...before, 2 * chunk] : before)
        const chunks = Math.max(1, Math.ceil(plain.length / chunk))
        assert.equal(sealed.file.length, sealed.headerBytes + 16 + plain.length + 16 * chunks)
        assert.deepEqual(await open(sealed.file, alice, [...behind, chunk]), plain)
        assert.deepEqual(await open(sealed.file, bob), plain)
      }),
      { numRuns: 60 },
    )
  })

  it('gives the borders of chunks back', async () => {
    for (const bytes of [0, 1, 65_535, 65_536, 65_537, 131_072, 16 * 65_536, 17 * 65_536]) {
      const plain = random.subarray(0, bytes)
      const sealed = await seal(plain)
      assert.deepEqual(await open(sealed.file), plain)
    }
  })

  it('makes another file of the same content each time', async () => {
    const [one, two] = [await seal(random.subarray(0, 100)), await seal(random.subarray(0, 100))]
    assert.equal(one.headerBytes, two.headerBytes)
    for (const part of [one.file.subarray(40), one.file.subarray(-100)]) {
      assert.equal(two.file.includes(part), false)
    }
  })

  it('does not end a file whose content failed', async () => {
    const failing = async function* () {
      yield random.subarray(0, 3 * chunk)
      throw new Error('the dump died')
    }
    const pieces: Uint8Array[] = []
    await assert.rejects(async () => {
      for await (const piece of encryptAge(failing(), recipients).body) pieces.push(piece)
    }, /the dump died/)
    await assert.rejects(open(Buffer.concat(pieces)), { code: 'truncated' })
  })

  it('refuses nobody, and a recipient that everybody could read with', () => {
    assert.throws(() => encryptAge(chunked(random), []), { code: 'recipient-invalid' })
    const zero = parseAgeRecipient(encodeBech32('age', Buffer.alloc(32)))
    assert.throws(() => encryptAge(chunked(random), [zero]), { code: 'recipient-invalid' })
  })
})

describe('decryption', () => {
  it('refuses an identity it was not encrypted to, and names its recipient', async () => {
    const sealed = await seal(random.subarray(0, 100))
    const wrong = {
      code: 'identity-wrong',
      message: new RegExp(mallory.recipient.text),
      remedy: /identity/,
    }
    await assert.rejects(open(sealed.file, mallory), wrong)
  })

  it('refuses a file cut anywhere, also between two chunks', async () => {
    const sealed = await seal(random.subarray(0, 3 * chunk + 5))
    const border = sealed.headerBytes + 16
    const cuts = [0, 1, 30, border - 17, border - 1, border, border + 1]
    for (const chunks of [1, 2, 3]) {
      for (const more of [-1, 0, 1, 15, 16, 17])
        cuts.push(border + chunks * SEALED_CHUNK_BYTES + more)
    }
    for (const cut of cuts) {
      const file = sealed.file.subarray(0, cut)
      await assert.rejects(open(file), { name: 'ArchiveError' }, `cut at ${cut}`)
    }
    for (const chunks of [1, 2, 3]) {
      const file = sealed.file.subarray(0, border + chunks * SEALED_CHUNK_BYTES)
      await assert.rejects(open(file), { code: 'truncated' })
    }
  })

  it('refuses what was added to or put in another order', async () => {
    const sealed = await seal(random.subarray(0, 3 * chunk))
    const border = sealed.headerBytes + 16
    const head = sealed.file.subarray(0, border)
    const [a, b, c] = [0, 1, 2].map((at) =>
      sealed.file.subarray(
        border + at * SEALED_CHUNK_BYTES,
        border + (at + 1) * SEALED_CHUNK_BYTES,
      ),
    ) as [Buffer, Buffer, Buffer]
    for (const pieces of [
      [head, b, a, c],
      [head, a, b, c, c],
      [head, a, b, c, Buffer.from('more')],
      [head, a, c],
      [head, c],
    ]) {
      await assert.rejects(open(Buffer.concat(pieces)), { code: 'chunk-damaged' })
    }
  })

  it('refuses a bit that was changed, wherever it stands', async () => {
    const sealed = await seal(random.subarray(0, chunk + 50))
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.integer({ min: 0, max: sealed.headerBytes + 20 }),
          fc.integer({ min: 0, max: sealed.file.length - 1 }),
        ),
        fc.integer({ min: 0, max: 7 }),
        async (at, bit) => {
          const file = Buffer.from(sealed.file)
          file[at] = (file[at] ?? 0) ^ (1 << bit)
          // A stanza that is for nobody any more leaves bob's; the MAC covers it all the same.
          await assert.rejects(open(file, bob), { name: 'ArchiveError', permanent: true })
        },
      ),
      { numRuns: 400 },
    )
  })

  it('tells a damaged header from a damaged chunk', async () => {
    const { file, headerBytes } = await seal(random.subarray(0, 50))
    const flip = (at: number) => {
      const damaged = Buffer.from(file)
      damaged[at] = (damaged[at] ?? 0) ^ 1
      return open(damaged)
    }
    await assert.rejects(flip(3), { code: 'header-damaged', remedy: /another backup/ })
    await assert.rejects(flip(headerBytes - 5), { code: 'header-damaged' })
    await assert.rejects(flip(headerBytes + 20), {
      code: 'chunk-damaged',
      remedy: /another backup/,
    })
  })

  it('takes no header for another than the one that was written', async () => {
    const { file, headerBytes } = await seal(Buffer.from('x'))
    const header = file.toString('latin1', 0, headerBytes)
    const bits = fc.constantFrom(
      '\n',
      '\r',
      ' ',
      '=',
      '-',
      '-> ',
      '--- ',
      'A',
      '/',
      '\0',
      'é',
      'X25519',
    )
    await fc.assert(
      fc.asyncProperty(fc.nat(header.length), fc.nat(3), fc.array(bits), async (at, cut, more) => {
        const text = header.slice(0, at) + more.join('') + header.slice(at + cut)
        fc.pre(text !== header)
        const damaged = Buffer.concat([Buffer.from(text, 'latin1'), file.subarray(headerBytes)])
        await assert.rejects(open(damaged), { name: 'ArchiveError' })
      }),
      { numRuns: 500 },
    )
  })

  it('gives up on a header without end', async () => {
    const endless = async function* () {
      yield Buffer.from('age-encryption.org/v1\n')
      for (;;) yield Buffer.alloc(chunk, 'A')
    }
    const options = { identities: [alice], signal }
    await assert.rejects(collect(decryptAge(endless(), options)), { code: 'too-large' })
  })

  it('ends what it reads from when it is given up, and when it is aborted', async () => {
    const sealed = await seal(random.subarray(0, 5 * chunk))
    let isClosed = false
    const source = async function* () {
      try {
        yield* chunked(sealed.file, [1000])
      } finally {
        isClosed = true
      }
    }
    for await (const _ of decryptAge(source(), { identities: [alice], signal })) break
    assert.ok(isClosed)
    const aborted = { identities: [alice], signal: AbortSignal.abort(new Error('stop')) }
    await assert.rejects(collect(decryptAge(source(), aborted)), /stop/)
  })
})
