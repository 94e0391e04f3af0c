/**
 * Rung by a worker when a run of it has ended, for whoever watches runs in the same process and would
 * otherwise wait for the next look. A hint only: what became of a run is read from Redis.
 */
export class RunBell {
  #next = Promise.withResolvers<void>()

  ring(): void {
    this.#next.resolve()
    this.#next = Promise.withResolvers()
  }

  /** Resolves when it is rung from now on. */
  next(): Promise<void> {
    return this.#next.promise
  }
}
