/**
 * The C2SP age test kit (https://c2sp.org/CCTV/age; package cctv-age, 0BSD): files that must decrypt,
 * and files that must not, each with one thing wrong.
 */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import { inflateSync } from 'node:zlib'
import * as cctv from 'cctv-age'
import { decryptAge } from './age-decrypt.ts'
import { parseAgeIdentities } from './age-keys.ts'
import { ArchiveError, type ArchiveErrorCode } from './archive-error.ts'
import { chunked } from './tar-samples.ts'

interface Vector {
  readonly name: string
  readonly expect: string
  readonly payload: string | undefined
  readonly identities: string
  readonly file: Buffer
}

/** What may be said of each kind of failure. */
const codes: Readonly<Record<string, readonly ArchiveErrorCode[]>> = {
  'no match': ['identity-wrong'],
  'HMAC failure': ['header-damaged'],
  'header failure': ['header-damaged', 'truncated', 'unsupported'],
  'payload failure': ['chunk-damaged', 'truncated'],
}
const signal = new AbortController().signal
const vectors = Object.entries(cctv).flatMap(([name, bytes]) =>
  readVector(name, Buffer.from(bytes)),
)

/** None for what this project does not read: armour, passphrases, post-quantum keys. */
function readVector(name: string, bytes: Buffer): readonly Vector[] {
  const end = bytes.indexOf('\n\n')
  const fields = bytes
    .toString('utf8', 0, end)
    .split('\n')
    .map((line) => line.split(': ', 2) as [string, string])
  const all = (key: string) => fields.filter(([name]) => name === key).map(([, value]) => value)
  const identities = all('identity').join('\n')
  const isOther = all('armored').length + all('passphrase').length > 0
  if (isOther || identities.includes('-PQ-')) return []
  const [expect = ''] = all('expect')
  const [payload] = all('payload')
  const rest = bytes.subarray(end + 2)
  const file = all('compressed').length > 0 ? inflateSync(rest) : rest
  return [{ name, expect, payload, identities, file }]
}

describe('the age test kit', () => {
  it('is there', () => {
    assert.equal(vectors.length, 67)
  })

  for (const vector of vectors) {
    for (const sizes of [[1 << 20], vector.file.length < 3000 ? [1] : [65_537, 3]]) {
      it(`${vector.name}: ${vector.expect}, in pieces of ${sizes}`, () => judge(vector, sizes))
    }
  }
})

async function judge(vector: Vector, sizes: readonly number[]): Promise<void> {
  const identities = vector.identities === '' ? [] : parseAgeIdentities(vector.identities)
  const hash = createHash('sha256')
  let failure: unknown
  try {
    const file = chunked(vector.file, sizes)
    for await (const chunk of decryptAge(file, { identities, signal })) hash.update(chunk)
  } catch (error) {
    failure = error
  }
  // Also of what fails: nothing may come out that was not authenticated.
  if (vector.payload !== undefined) assert.equal(hash.digest('hex'), vector.payload)
  if (vector.expect === 'success') return assert.equal(failure, undefined)
  assert.ok(failure instanceof ArchiveError, String(failure))
  const expected = codes[vector.expect] ?? []
  assert.ok(expected.includes(failure.code), `${failure.code}: ${failure.message}`)
}
