import { Readable } from 'node:stream'
import { type Options, Upload } from '@aws-sdk/lib-storage'

/** A part as lib-storage's workers take it from its own chunker. */
export interface RawDataPart {
  readonly partNumber: number
  readonly data: Uint8Array
  readonly lastPart?: boolean
}

/**
 * lib-storage's upload, fed with parts that are cut already.
 *
 * Its own chunker joins chunks into a fresh buffer for every part and keeps the one before: twice
 * the memory, as garbage, at 16 MiB a time. Its workers take any source of parts, and that is where
 * ours goes in, at a method that is private: so it is looked for, and missed loudly. Why that is
 * defensible: docs/decisions/0005-parts-cut-for-lib-storage.md.
 */
export function createPartUpload(
  options: Options,
  parts: AsyncGenerator<RawDataPart, void, undefined>,
): Upload {
  const upload = new Upload({ ...options, params: { ...options.params, Body: Readable.from([]) } })
  const work: unknown = upload['__doConcurrentUpload']
  if (typeof work !== 'function') {
    throw new TypeError('this version of @aws-sdk/lib-storage works in another way')
  }
  upload['__doConcurrentUpload'] = () => work.call(upload, parts)
  return upload
}
