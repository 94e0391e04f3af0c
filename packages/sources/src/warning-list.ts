import type { SourceWarning } from './source.ts'

/** Warnings beyond this many are counted, not kept: a million of them must not fill the memory. */
const maxKept = 10_000

export class WarningList {
  readonly #kept: SourceWarning[] = []
  readonly #counts = new Map<string, number>()

  add(code: string, path: string, message: string): void {
    this.#counts.set(code, (this.#counts.get(code) ?? 0) + 1)
    if (this.#kept.length < maxKept) this.#kept.push({ code, path, message })
  }

  get kept(): readonly SourceWarning[] {
    return this.#kept
  }

  /** How many there were of each code, kept or not. */
  get counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts)
  }
}
