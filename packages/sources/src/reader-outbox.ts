import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import {
  createSlab,
  type ReaderMessage,
  type Slab,
  stopAt,
  takenAt,
} from './reader-thread-protocol.ts'

/** How many posts may wait to be taken. With one more being filled, reading overlaps with the rest. */
const maxWaiting = 1

/** Thrown inside the reader thread to unwind it; nobody is told, since whoever stopped it knows. */
export class ReaderStopped extends Error {}

/** The reader thread's end of the line: it posts, and sleeps while nobody takes. */
export class ReaderOutbox {
  readonly #port: MessagePort
  readonly #control: Int32Array
  readonly #spare: Slab[] = []
  #posted = 0

  constructor(port: MessagePort, control: SharedArrayBuffer) {
    this.#port = port
    this.#control = new Int32Array(control)
  }

  /** Throws when the thread is to stop. */
  check(): void {
    if (Atomics.load(this.#control, stopAt) !== 0) throw new ReaderStopped()
  }

  post(message: ReaderMessage): void {
    this.#waitUntilTaken()
    this.#posted++
    this.#port.postMessage(message)
  }

  /** Memory to fill: given back by the consumer if there is any, else new. */
  slab(bytes: number): Slab {
    for (;;) {
      const returned = receiveMessageOnPort(this.#port) as { message: Slab } | undefined
      if (!returned) break
      this.#spare.push(returned.message)
    }
    return this.#spare.pop() ?? createSlab(bytes)
  }

  #waitUntilTaken(): void {
    for (;;) {
      this.check()
      const taken = Atomics.load(this.#control, takenAt)
      // Both counters wrap around; their distance does not.
      if (((this.#posted - taken) | 0) < maxWaiting) return
      Atomics.wait(this.#control, takenAt, taken)
    }
  }
}
