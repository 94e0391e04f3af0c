import { createHash, type Hash } from 'node:crypto'
import { S3Error } from './s3-error.ts'
import type { ChunkSigner } from './sigv4.ts'

/**
 * The aws-chunked framing: `<hex size>[;chunk-signature=<hex>]\r\n<data>\r\n`, ended by a chunk of
 * size zero, then trailer lines `name:value\r\n`, then an empty line. With signatures each chunk's
 * continues that of the one before, and `x-amz-trailer-signature` those of all of them.
 */
export interface ChunkedBody {
  /** The framing's content as it arrives: a chunk's signature is checked only once its end is here. */
  readonly data: AsyncIterable<Buffer>
  /** Names in lower case; complete when `data` has ended. */
  readonly trailers: ReadonlyMap<string, string>
}

export interface Framing {
  readonly hasTrailer: boolean
  readonly signer?: ChunkSigner | undefined
}

/** Iterating throws `IncompleteBody`, `InvalidRequest` or `SignatureDoesNotMatch`. */
export function decodeAwsChunked(body: AsyncIterable<Buffer>, framing: Framing): ChunkedBody {
  const trailers = new Map<string, string>()
  return { data: decode(new ByteReader(body), framing, trailers), trailers }
}

async function* decode(
  reader: ByteReader,
  framing: Framing,
  trailers: Map<string, string>,
): AsyncGenerator<Buffer> {
  const { signer } = framing
  let previous = signer?.seed ?? ''
  for (let isLast = false; !isLast; ) {
    const head = parseHead(await reader.line())
    isLast = head.bytes === 0
    const hash = signer && createHash('sha256')
    yield* chunkData(reader, head.bytes, hash)
    if (!isLast) await expectEmptyLine(reader)
    if (hash) {
      const expected = signer.signChunk(previous, hash.digest('hex'))
      if (head.signature !== expected) throw new S3Error('SignatureDoesNotMatch')
      previous = expected
    }
  }
  if (framing.hasTrailer) await readTrailers({ reader, signer, previous }, trailers)
  else await expectEmptyLine(reader)
  await reader.end()
}

async function* chunkData(
  reader: ByteReader,
  bytes: number,
  hash: Hash | undefined,
): AsyncGenerator<Buffer> {
  for (let left = bytes; left > 0; ) {
    const piece = await reader.upTo(left)
    hash?.update(piece)
    left -= piece.length
    yield piece
  }
}

interface TrailerContext {
  readonly reader: ByteReader
  readonly signer: ChunkSigner | undefined
  readonly previous: string
}

async function readTrailers(
  { reader, signer, previous }: TrailerContext,
  trailers: Map<string, string>,
): Promise<void> {
  let signedText = ''
  let signature: string | undefined
  for (let line = await reader.line(); line !== ''; line = await reader.line()) {
    const at = line.indexOf(':')
    if (at <= 0 || trailers.size >= 16) throw malformed('trailer')
    const name = line.slice(0, at).trim().toLowerCase()
    const value = line.slice(at + 1).trim()
    if (name === 'x-amz-trailer-signature') {
      signature = value
    } else {
      trailers.set(name, value)
      signedText += `${name}:${value}\n`
    }
  }
  if (!signer) return
  const expected = signer.signTrailer(
    previous,
    createHash('sha256').update(signedText).digest('hex'),
  )
  if (signature !== expected) throw new S3Error('SignatureDoesNotMatch')
}

function parseHead(line: string): { bytes: number; signature: string | undefined } {
  const match = /^([0-9a-fA-F]{1,12})(?:;chunk-signature=([0-9a-f]{64}))?$/.exec(line)
  if (!match) throw malformed('chunk header')
  return { bytes: Number.parseInt(match[1] ?? '', 16), signature: match[2] }
}

async function expectEmptyLine(reader: ByteReader): Promise<void> {
  if ((await reader.line()) !== '') throw malformed('end of a chunk')
}

function malformed(what: string): S3Error {
  return new S3Error('InvalidRequest', { message: `The aws-chunked ${what} is malformed.` })
}

const maxLineBytes = 4096

/** Pulls lines and pieces from a byte stream without copying the pieces. */
class ByteReader {
  readonly #source: AsyncIterator<Buffer>
  #rest: Buffer = Buffer.alloc(0)

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  /** Between 1 and `bytes` bytes. */
  async upTo(bytes: number): Promise<Buffer> {
    while (this.#rest.length === 0) await this.#more()
    const piece = this.#rest.subarray(0, bytes)
    this.#rest = this.#rest.subarray(piece.length)
    return piece
  }

  /** Up to CRLF, without it. */
  async line(): Promise<string> {
    for (;;) {
      const at = this.#rest.indexOf('\r\n')
      if (at > maxLineBytes || (at < 0 && this.#rest.length > maxLineBytes)) {
        throw malformed('line')
      }
      if (at >= 0) {
        const line = this.#rest.toString('latin1', 0, at)
        this.#rest = this.#rest.subarray(at + 2)
        return line
      }
      await this.#more()
    }
  }

  /** Throws when anything follows. */
  async end(): Promise<void> {
    if (this.#rest.length > 0) throw malformed('end')
    const next = await this.#source.next()
    if (!next.done && next.value.length > 0) throw malformed('end')
  }

  async #more(): Promise<void> {
    const next = await this.#source.next()
    if (next.done) throw new S3Error('IncompleteBody')
    this.#rest = this.#rest.length === 0 ? next.value : Buffer.concat([this.#rest, next.value])
  }
}
