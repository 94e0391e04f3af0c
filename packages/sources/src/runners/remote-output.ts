import { SourceError } from '../source-error.ts'

export interface RemoteEnd {
  readonly status: number
  /** How many bytes the command gave; null where nothing there can count. */
  readonly bytes: number | null
}

/** Longer greetings than this are none. */
const maxNoiseBytes = 64 << 10
/** A nonce of 32 characters, a status, a count, two blanks and a newline at most. */
const maxMarkerBytes = 64

export interface RemoteOutputOptions {
  readonly nonce: string
  /** The far end has begun: the channel works, and there is a shell. */
  onBegin(): void
  /** The end marker was seen: the client has nothing more to bring. */
  onEnd(): void
}

/** Takes what a remote program gives apart, as remote-program.ts lays it out. */
export class RemoteOutput {
  readonly #options: RemoteOutputOptions
  readonly #marker: RegExp
  /** What may be the beginning of a marker, until it is known whether it is one. */
  #held: Buffer = Buffer.alloc(0)
  #noise: string | null = null
  #bytes = 0
  #end: RemoteEnd | null = null

  constructor(options: RemoteOutputOptions) {
    this.#options = options
    this.#marker = new RegExp(`${options.nonce} (\\d+) (\\d*)\\n$`)
  }

  /** What the end marker says; null while, or because, there is none. */
  get end(): RemoteEnd | null {
    return this.#end
  }

  get hasBegun(): boolean {
    return this.#noise !== null
  }

  /** What stood before the beginning: the greeting of a login shell, for instance. */
  get noise(): string {
    return this.#noise ?? ''
  }

  /** How many of the command's bytes came. */
  get bytes(): number {
    return this.#bytes
  }

  /** The command's own bytes among those that came, in memory of their own; empty where there are none. */
  take(chunk: Buffer): Buffer {
    if (this.#end) return Buffer.alloc(0)
    this.#held = Buffer.concat([this.#held, chunk])
    if (!this.hasBegun && !this.#begin()) return Buffer.alloc(0)
    const tail = Math.max(0, this.#held.length - maxMarkerBytes)
    const found = this.#marker.exec(this.#held.toString('latin1', tail))
    const content = this.#give(found ? tail + found.index : tail)
    if (found) {
      this.#end = { status: Number(found[1]), bytes: found[2] ? Number(found[2]) : null }
      this.#options.onEnd()
    }
    return content
  }

  /** What was held back, once nothing more comes: without a marker it is the command's too. */
  rest(): Buffer {
    return this.hasBegun && !this.#end ? this.#give(this.#held.length) : Buffer.alloc(0)
  }

  #give(length: number): Buffer {
    const content = this.#held.subarray(0, length)
    this.#held = this.#held.subarray(length)
    this.#bytes += length
    return content
  }

  #begin(): boolean {
    const beginning = `${this.#options.nonce} begin\n`
    const at = this.#held.indexOf(beginning)
    if (at === -1) {
      if (this.#held.length > maxNoiseBytes) throw endless()
      return false
    }
    this.#noise = this.#held.toString('utf8', 0, at).trim()
    this.#held = this.#held.subarray(at + beginning.length)
    this.#options.onBegin()
    return true
  }
}

function endless(): SourceError {
  return new SourceError(
    'place-unreachable',
    'What answers there is no shell: it talks on and on',
    {
      remedy: 'See what the login of that user starts.',
    },
  )
}
