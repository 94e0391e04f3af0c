import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { isStorageError, type StorageErrorCode } from '../errors.ts'
import type { ObjectBody } from '../storage.ts'

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

/** Bytes that differ from offset to offset and do not repeat with any power of two. Not to be written to. */
export function patternBytes(length: number): Uint8Array {
  if (pattern.byteLength < length) pattern = createPattern(length)
  return pattern.subarray(0, length)
}

let pattern: Uint8Array = new Uint8Array()

function createPattern(length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let at = 0; at < length; at++) bytes[at] = at * 31 + (at >>> 8) * 7
  return bytes
}

export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** The bytes in chunks of the given sizes, over and over. */
export async function* chunksOf(
  bytes: Uint8Array,
  ...sizes: readonly number[]
): AsyncGenerator<Uint8Array> {
  for (let at = 0, turn = 0; at < bytes.byteLength; turn++) {
    const size = sizes[turn % sizes.length] ?? bytes.byteLength
    yield bytes.subarray(at, at + size)
    at += size
  }
}

export async function readAll(object: ObjectBody): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of object.body) chunks.push(chunk)
  return Buffer.concat(chunks)
}

export async function collect<T>(entries: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const entry of entries) all.push(entry)
  return all
}

export async function rejectsWith(
  code: StorageErrorCode,
  promise: Promise<unknown>,
): Promise<void> {
  await assert.rejects(promise, (error) => {
    assert.ok(isStorageError(error), `a StorageError, not ${error}`)
    assert.equal(error.code, code, error.message)
    return true
  })
}

/** Says where two long runs of bytes part, instead of printing them. */
export function assertSameBytes(actual: Uint8Array, expected: Uint8Array): void {
  assert.equal(actual.byteLength, expected.byteLength)
  if (Buffer.compare(actual, expected) === 0) return
  const at = actual.findIndex((byte, index) => byte !== expected[index])
  assert.fail(`the bytes differ from offset ${at} on`)
}
