import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

export interface HeardRequest {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** Somebody who is told things over HTTP, and remembers. */
export interface HearingServer extends AsyncDisposable {
  readonly url: string
  readonly heard: readonly HeardRequest[]
  /** What is answered from now on; null: nothing at all. */
  answer(status: number | null, headers?: Record<string, string>): void
}

export async function startHearingServer(): Promise<HearingServer> {
  const heard: HeardRequest[] = []
  let answer: { status: number | null; headers: Record<string, string> } = {
    status: 200,
    headers: {},
  }
  const server = createServer(async (request, response) => {
    const { method = '', url: path = '', headers } = request
    heard.push({ method, path, headers, body: await text(request) })
    if (answer.status !== null) response.writeHead(answer.status, answer.headers).end('said')
  })
  server.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    heard,
    answer(status, headers = {}) {
      answer = { status, headers }
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
