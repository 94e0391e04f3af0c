import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import { unpackError } from './portable-error.ts'
import { control, type TreeOrder } from './tree-thread-protocol.ts'

/** What the thread was told to do without. */
export class NoMore extends Error {}

/** The orders as they come, taken by a thread that sleeps for them. */
export class TreeOrders {
  readonly #port: MessagePort
  readonly #control: Int32Array
  #taken = 0

  constructor(port: MessagePort, shared: Int32Array) {
    this.#port = port
    this.#control = shared
  }

  throwIfAborted(): void {
    if (Atomics.load(this.#control, control.stopped) !== 0) throw new NoMore('let go of')
  }

  /** Sleeps until there is one. Null at the tar's end. */
  nextChunk(onFailed: (error: Error) => void): Buffer | null {
    Atomics.wait(this.#control, control.posted, this.#taken)
    this.throwIfAborted()
    this.#taken++
    const { message: order } = receiveMessageOnPort(this.#port) as { message: TreeOrder }
    if (order.kind === 'chunk') return Buffer.from(order.memory, order.start, order.bytes)
    if (order.kind === 'end') return null
    const error = order.error ? unpackError(order.error) : new NoMore('no more of it')
    // The reading knows where it stands, and says so.
    onFailed(error)
    throw error
  }
}
