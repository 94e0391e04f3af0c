import type { Readable } from 'node:stream'
import { StorageError } from '@backstream/storage'
import type { IdleWatch } from './idle-watch.ts'
import { translateError } from './translate-error.ts'

export interface ReadBodyOptions {
  readonly watch: IdleWatch
  readonly about: string
  /** As announced: a body that ends earlier was cut. */
  readonly bytes: number
}

/**
 * The bytes of an answer. Time counts only while they are waited for, so a slow reader is not taken
 * for a silent store. Whatever ends the reading, the connection is let go.
 */
export async function* readBody(
  stream: Readable,
  options: ReadBodyOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { watch, about, bytes } = options
  const cut = () => stream.destroy(watch.signal.reason)
  let received = 0
  try {
    watch.signal.throwIfAborted()
    watch.signal.addEventListener('abort', cut, { once: true })
    watch.expect()
    for await (const chunk of stream) {
      watch.rest()
      received += chunk.byteLength
      yield chunk
      watch.signal.throwIfAborted()
      watch.expect()
    }
  } catch (error) {
    watch.signal.throwIfAborted()
    throw translateError(error, { about })
  } finally {
    watch.close()
    watch.signal.removeEventListener('abort', cut)
    stream.destroy()
  }
  if (received !== bytes) {
    throw new StorageError(
      'network',
      `${about}: the body ended after ${received} of ${bytes} bytes`,
    )
  }
}
