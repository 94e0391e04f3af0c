/** What an operation answers, before a fault may have its way with it. */
export interface Reply {
  readonly status: number
  readonly headers?: Readonly<Record<string, string | undefined>>
  readonly body?: string | ReplyStream
  /** As it stands in headers and body, without quotes; what the fault `wrongEtag` replaces. */
  readonly etag?: string
}

export interface ReplyStream {
  readonly bytes: number
  open(): AsyncIterable<Buffer>
  /** Called once, whether or not the stream was opened. */
  close(): Promise<void>
}

export function xmlReply(body: string, more: Omit<Reply, 'status' | 'body'> = {}): Reply {
  return {
    status: 200,
    ...more,
    headers: { 'content-type': 'application/xml', ...more.headers },
    body,
  }
}
