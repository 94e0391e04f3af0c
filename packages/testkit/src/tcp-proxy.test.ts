import { equal } from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { test } from 'node:test'
import { startTcpProxy } from './tcp-proxy.ts'

async function startEcho() {
  const server = createServer((socket) => {
    socket.on('error', () => {
      // Cut by the test.
    })
    socket.pipe(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const proxy = await startTcpProxy({ port: (server.address() as AddressInfo).port })
  const client = connect(proxy.port, '127.0.0.1')
  client.on('error', () => {
    // Cut by the test.
  })
  return {
    proxy,
    client,
    async [Symbol.asyncDispose]() {
      client.destroy()
      await proxy[Symbol.asyncDispose]()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

test('what is sent while it is frozen arrives when it is thawed', async () => {
  await using echo = await startEcho()
  echo.client.write('one')
  equal(String((await once(echo.client, 'data'))[0]), 'one')
  echo.proxy.freeze()
  let early = 0
  echo.client.on('data', () => early++)
  echo.client.write('two')
  await new Promise((resolve) => setTimeout(resolve, 30))
  equal(early, 0)
  const answer = once(echo.client, 'data')
  echo.proxy.thaw()
  equal(String((await answer)[0]), 'two')
})

test('a cut ends the connections', async () => {
  await using echo = await startEcho()
  echo.client.write('one')
  await once(echo.client, 'data')
  const closed = new Promise((resolve) => echo.client.once('close', resolve))
  echo.proxy.cut()
  await closed
})
