import { readFileSync } from 'node:fs'
import { type AddressInfo, connect } from 'node:net'
import { pipeline } from 'node:stream'
import { createServer, type TLSSocket } from 'node:tls'
import { makeTlsIdentity } from './tls-identity.ts'

/** TLS before a server that speaks none. */
export interface TlsFront extends AsyncDisposable {
  /** `https://localhost:PORT` */
  readonly endpoint: string
  /** PEM: the authority to trust. */
  readonly caFile: string
}

/** `endpoint`: `http://HOST:PORT`. What is sent is passed on as it is. */
export async function startTlsFront(endpoint: string): Promise<TlsFront> {
  const { hostname, port } = new URL(endpoint)
  const identity = await makeTlsIdentity()
  const open = new Set<TLSSocket>()
  const server = createServer(
    { key: readFileSync(identity.keyFile), cert: readFileSync(identity.certificateFile) },
    (near) => {
      open.add(near)
      // Either end going away ends the other: that is all there is to an error here.
      pipeline(near, connect(Number(port), hostname), near, () => open.delete(near))
    },
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    endpoint: `https://localhost:${(server.address() as AddressInfo).port}`,
    caFile: identity.certificateFile,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const socket of open) socket.destroy()
      await closed
      await identity[Symbol.asyncDispose]()
    },
  }
}
