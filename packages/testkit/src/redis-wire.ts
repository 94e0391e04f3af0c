import { connect, type Socket } from 'node:net'

/**
 * Sends commands over a connection of its own and resolves with the raw replies: enough for the
 * testkit to ask and tidy a Redis without a client library. Rejects on an error reply.
 */
export async function sendRedis(
  url: string,
  ...commands: readonly (readonly string[])[]
): Promise<string> {
  const { hostname, port, password, username, pathname } = new URL(url)
  const opening: string[][] = []
  if (password) {
    opening.push([
      'AUTH',
      ...(username ? [decodeURIComponent(username)] : []),
      decodeURIComponent(password),
    ])
  }
  if (pathname.length > 1) opening.push(['SELECT', pathname.slice(1)])
  const socket = connect(Number(port || 6379), hostname.replace(/^\[|\]$/g, ''))
  try {
    return await exchange(socket, [...opening, ...commands, ['QUIT']])
  } finally {
    socket.destroy()
  }
}

async function exchange(socket: Socket, commands: readonly (readonly string[])[]): Promise<string> {
  socket.setTimeout(10_000, () => socket.destroy(new Error('Redis does not answer')))
  socket.write(commands.map(encode).join(''))
  let reply = ''
  for await (const piece of socket) reply += piece
  const error = /^-(.*)\r$/m.exec(reply)
  if (error) throw new Error(`Redis: ${error[1]}`)
  return reply
}

function encode(command: readonly string[]): string {
  const words = command.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`)
  return `*${command.length}\r\n${words.join('')}`
}
