import { randomBytes } from 'node:crypto'
import { linkOf, type QueueConnection } from './open-connection.ts'
import { translateError } from './translate-error.ts'

/**
 * Random bytes that all processes of the installation share under this name. Whoever asks first makes
 * them; with Redis wiped they are new ones, and what was signed with them counts no more.
 */
export async function sharedKey(connection: QueueConnection, name: string): Promise<Buffer> {
  const link = linkOf(connection)
  const key = link.key('key', name)
  try {
    await link.redis.set(key, randomBytes(32).toString('base64'), 'NX')
    return Buffer.from((await link.redis.get(key)) ?? '', 'base64')
  } catch (error) {
    throw translateError(error, link.address)
  }
}
