import type { Payload } from './authenticate.ts'
import { decodeAwsChunked } from './aws-chunked.ts'
import { type BodyFacts, type BodyWishes, declaredAlgorithm, startDigests } from './body-digests.ts'
import type { ChecksumAlgorithm } from './checksums.ts'
import { S3Error } from './s3-error.ts'

/** The body of a request, read once, decoded, with everything checked that the client said of it. */
export interface RequestBody {
  /** Of the content, without aws-chunked framing; undefined when the client did not say. */
  readonly bytes: number | undefined
  /** What the client sends with the body; undefined when it sends none. Throws when it sends two. */
  readonly checksumAlgorithm: ChecksumAlgorithm | undefined
  /**
   * Hands the content to `sink` piece by piece, waiting for it. Rejects when length, payload hash,
   * Content-MD5 or checksum do not hold: what the sink was given must then be thrown away.
   */
  consume(sink: BodySink, want?: BodyWishes): Promise<BodyFacts>
}

export type BodySink = (chunk: Buffer) => Promise<void> | void

export interface BodySource {
  readonly headers: Readonly<Record<string, string>>
  readonly payload: Payload
  /** Called when the body is first wanted: the place to answer `100-continue`. */
  open(): AsyncIterable<Buffer>
}

export function createRequestBody(source: BodySource): RequestBody {
  const { headers } = source
  return {
    get bytes() {
      return announcedBytes(source)
    },
    get checksumAlgorithm() {
      return declaredAlgorithm(headers)
    },
    consume: (sink, want = {}) => consume(source, sink, want),
  }
}

async function consume(source: BodySource, sink: BodySink, want: BodyWishes): Promise<BodyFacts> {
  const { headers, payload } = source
  const digests = startDigests(headers, payload, want)
  const { data, trailers } = decoded(source)
  for await (const chunk of data) {
    digests.update(chunk)
    const busy = sink(chunk)
    if (busy !== undefined) await busy
  }
  const facts = digests.verify(trailers)
  // The HTTP parser holds the sender to a plain Content-Length itself.
  if (payload.kind === 'aws-chunked') {
    const announced = announcedBytes(source)
    if (announced === undefined) throw new S3Error('MissingContentLength')
    if (announced !== facts.bytes) throw new S3Error('IncompleteBody')
  }
  return facts
}

/** Reads a small body whole. Throws `MalformedXML` beyond `maxBytes`. */
export async function readText(
  body: RequestBody,
  want: BodyWishes & { readonly maxBytes?: number } = {},
): Promise<string> {
  const maxBytes = want.maxBytes ?? 8 * 1024 * 1024
  const chunks: Buffer[] = []
  let bytes = 0
  const keep = (chunk: Buffer): void => {
    bytes += chunk.length
    if (bytes > maxBytes) throw new S3Error('MalformedXML', { message: 'The body is too large.' })
    chunks.push(chunk)
  }
  await body.consume(keep, want)
  return Buffer.concat(chunks).toString('utf8')
}

function decoded({ payload, open }: BodySource): {
  data: AsyncIterable<Buffer>
  trailers: ReadonlyMap<string, string>
} {
  if (payload.kind !== 'aws-chunked') return { data: open(), trailers: new Map() }
  return decodeAwsChunked(open(), payload)
}

function announcedBytes({ headers, payload }: BodySource): number | undefined {
  const isChunked = payload.kind === 'aws-chunked'
  const text = headers[isChunked ? 'x-amz-decoded-content-length' : 'content-length']
  if (text === undefined) return undefined
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new S3Error('InvalidArgument', { message: 'A length header is not a number.' })
}
