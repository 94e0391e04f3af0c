import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeAwsChunked, type Framing } from './aws-chunked.ts'

const framed = 'b\r\nhello world\r\n3;chunk-extension=no\r\n'
const good = '5\r\nhello\r\n6\r\n world\r\n0\r\nx-amz-checksum-crc32: AAAA==\r\n\r\n'

test('decodes chunks and trailers however the bytes are cut', async () => {
  for (const size of [1, 2, 3, 5, 8, 1000]) {
    const { text, trailers } = await decode(good, { hasTrailer: true }, size)
    assert.equal(text, 'hello world')
    assert.deepEqual([...trailers], [['x-amz-checksum-crc32', 'AAAA==']])
  }
})

test('decodes an empty body without trailer', async () => {
  const { text } = await decode('0\r\n\r\n', { hasTrailer: false })
  assert.equal(text, '')
})

for (const [what, body, code] of [
  ['a body that ends within a chunk', '5\r\nhel', 'IncompleteBody'],
  ['a body that ends before the last chunk', '5\r\nhello\r\n', 'IncompleteBody'],
  ['a body that ends before its trailer does', '0\r\nx-amz-a:1\r\n', 'IncompleteBody'],
  ['a chunk longer than it says', '2\r\nhello\r\n0\r\n\r\n', 'InvalidRequest'],
  ['a header that is no size', framed, 'InvalidRequest'],
  ['a line without end', 'f'.repeat(10_000), 'InvalidRequest'],
  ['bytes behind the end', `${good}more`, 'InvalidRequest'],
] as const) {
  test(`refuses ${what}`, async () => {
    await assert.rejects(decode(body, { hasTrailer: true }), { code })
  })
}

async function decode(
  body: string,
  framing: Framing,
  size = 4,
): Promise<{ text: string; trailers: ReadonlyMap<string, string> }> {
  const { data, trailers } = decodeAwsChunked(cut(Buffer.from(body), size), framing)
  let text = ''
  for await (const chunk of data) text += chunk.toString()
  return { text, trailers }
}

async function* cut(body: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < body.length; at += size) yield body.subarray(at, at + size)
}
