/**
 * Rung by a worker when a run of it has ended, for whoever watches runs in the same process and would
 * otherwise wait for the next look. A hint only: what became of a run is read from Redis.
 */
export class RunBell {
  readonly #waiting = new Set<() => void>()

  ring(): void {
    for (const wake of this.#waiting) wake()
  }

  /** Whether it is rung from now on, until it is disposed of: a bell that is seldom rung holds nobody. */
  listen(): Rung {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#waiting.add(resolve)
    return { promise, [Symbol.dispose]: () => void this.#waiting.delete(resolve) }
  }
}

export interface Rung extends Disposable {
  readonly promise: Promise<void>
}
