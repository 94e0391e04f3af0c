import type { AddressInfo } from 'node:net'
import { connect, createServer, type Socket } from 'node:net'

/** A stretch of network between a program and a server, to be frozen or cut. */
export interface TcpProxy extends AsyncDisposable {
  readonly port: number
  /** Nothing passes any more, in no direction, and nobody is told. New connections hang as well. */
  freeze(): void
  /** What was sent meanwhile arrives now. */
  thaw(): void
  /** Breaks all connections; what was under way in them is lost. */
  cut(): void
}

export async function startTcpProxy(target: {
  readonly host?: string
  readonly port: number
}): Promise<TcpProxy> {
  const pairs = new Set<readonly [Socket, Socket]>()
  let isFrozen = false
  const server = createServer((near) => {
    const far = connect(target.port, target.host ?? '127.0.0.1')
    const pair = [near, far] as const
    pairs.add(pair)
    join(near, far)
    join(far, near)
    if (isFrozen) for (const socket of pair) socket.pause()
    near.once('close', () => pairs.delete(pair))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const cut = () => {
    for (const socket of [...pairs].flat()) socket.resetAndDestroy()
    pairs.clear()
  }
  return {
    port: (server.address() as AddressInfo).port,
    freeze() {
      isFrozen = true
      for (const socket of [...pairs].flat()) socket.pause()
    },
    thaw() {
      isFrozen = false
      for (const socket of [...pairs].flat()) socket.resume()
    },
    cut,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve))
      cut()
      await closed
    },
  }
}

/** Not `pipe`: that would resume a socket that is to stay frozen. */
function join(from: Socket, to: Socket): void {
  from.on('data', (piece) => to.write(piece))
  from.once('end', () => to.end())
  from.on('error', () => to.destroy())
  from.once('close', () => to.end())
}
