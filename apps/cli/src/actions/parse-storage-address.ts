import { CliError } from '../cli-error.ts'

export interface StorageAddress {
  readonly bucket: string
  /** Without slashes at its ends. */
  readonly prefix: string
}

/** `s3://BUCKET/PREFIX`; anything else, such as an address with a password in it, is refused. */
export function parseStorageAddress(text: string): StorageAddress {
  const match = /^s3:\/\/([a-z0-9][a-z0-9._-]{1,61}[a-z0-9])(?:\/(.*))?$/i.exec(text)
  const [, bucket, path = ''] = match ?? []
  if (bucket === undefined) {
    // Not the text itself: who mistypes may have put a secret into it.
    throw new CliError('usage', 'this is not the address of a storage', {
      remedy: 'Write s3://BUCKET or s3://BUCKET/PREFIX; credentials come from AWS_* variables.',
    })
  }
  return { bucket, prefix: path.replace(/^\/+|\/+$/g, '') }
}
