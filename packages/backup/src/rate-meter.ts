import type { Clock } from '@backstream/kernel'

const windowMs = 5_000

/** Bytes a second over the last few seconds, from looks at how far something is. */
export class RateMeter {
  readonly #clock: Pick<Clock, 'monotonicMs'>
  readonly #marks: { at: number; bytes: number }[] = []

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock
  }

  /** `etaSeconds` is null where nobody can tell. */
  look(
    bytes: number,
    bytesTotal: number | null,
  ): { readonly bytesPerSecond: number; readonly etaSeconds: number | null } {
    const now = this.#clock.monotonicMs()
    this.#marks.push({ at: now, bytes })
    while (this.#marks.length > 2 && now - (this.#marks[0]?.at ?? now) > windowMs) {
      this.#marks.shift()
    }
    const first = this.#marks[0] ?? { at: now, bytes }
    const seconds = (now - first.at) / 1000
    const bytesPerSecond = seconds > 0 ? Math.round((bytes - first.bytes) / seconds) : 0
    const left = bytesTotal === null ? null : Math.max(0, bytesTotal - bytes)
    const canTell = left !== null && bytesPerSecond > 0
    return { bytesPerSecond, etaSeconds: canTell ? Math.round(left / bytesPerSecond) : null }
  }
}
