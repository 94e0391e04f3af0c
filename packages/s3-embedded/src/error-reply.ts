import type { Reply } from './reply.ts'
import { S3Error } from './s3-error.ts'
import { buildErrorXml } from './xml.ts'

export interface ErrorPlace {
  readonly requestId: string
  /** The path as it was asked for. */
  readonly resource: string
}

/** The error document. Anything but an `S3Error` is answered as InternalError, without its words. */
export function errorReply(error: unknown, { requestId, resource }: ErrorPlace): Reply {
  const known = error instanceof S3Error ? error : new S3Error('InternalError', { cause: error })
  return {
    status: known.status,
    headers: { 'content-type': 'application/xml', ...known.headers },
    body: buildErrorXml({
      Code: known.code,
      Message: known.message,
      ...known.details,
      Resource: resource,
      RequestId: requestId,
      HostId: 'embedded',
    }),
  }
}
