import { spawn } from 'node:child_process'
import { once } from 'node:events'

/**
 * Gives a command all volumes of one archive, joined, as they arrive: parts in the order of their
 * numbers, one volume behind the other. It holds what came too early, a few parts at the most.
 */
export class ArchiveTap {
  readonly #child
  readonly #ended: Promise<string>
  readonly #early = new Map<number, Buffer>()
  #key = ''
  #next = 1
  #last: Promise<void> = Promise.resolve()

  /** A line for `sh -c`; what it prints is the result. */
  constructor(command: string) {
    this.#child = spawn('/bin/sh', ['-c', command], { stdio: ['pipe', 'pipe', 'inherit'] })
    let text = ''
    this.#child.stdout.on('data', (chunk) => {
      text += chunk
    })
    this.#ended = once(this.#child, 'close').then(([code]) => `${code} ${text.trim()}`)
  }

  /** Resolves when the command has taken it, or when it has to wait for an earlier part. */
  add(key: string, { number, bytes }: { number: number; bytes: Buffer }): Promise<void> {
    if (key !== this.#key) {
      if (this.#early.size > 0) throw new Error(`${this.#key} lacks part ${this.#next}`)
      this.#key = key
      this.#next = 1
    }
    this.#early.set(number, bytes)
    this.#last = this.#last.then(() => this.#flush())
    return this.#last
  }

  /** The command's exit status and what it printed. */
  async end(): Promise<string> {
    await this.#last
    this.#child.stdin.end()
    return await this.#ended
  }

  async #flush(): Promise<void> {
    for (let part = this.#early.get(this.#next); part; part = this.#early.get(this.#next)) {
      this.#early.delete(this.#next)
      this.#next++
      if (!this.#child.stdin.write(part)) await once(this.#child.stdin, 'drain')
    }
  }
}
