import { createHash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { crc32 } from 'node:zlib'

const sliceBytes = 1 << 20

/** Size, CRC-32 and SHA-256 of a stream, computed in slices between which the event loop turns. */
export class PlainDigest {
  readonly #sha256 = createHash('sha256')
  #crc = 0
  #bytes = 0
  #last: Promise<void> = Promise.resolve()

  /** Resolves when `bytes` have been used. Calls may overlap; their order is kept. */
  update(bytes: Uint8Array): Promise<void> {
    this.#last = this.#last.then(() => this.#digest(bytes))
    return this.#last
  }

  /** Ends it: to be called once, when every update has resolved. */
  finish(): { readonly bytes: number; readonly crc32: string; readonly sha256: string } {
    return {
      bytes: this.#bytes,
      crc32: this.#crc.toString(16).padStart(8, '0'),
      sha256: this.#sha256.digest('hex'),
    }
  }

  async #digest(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; at += sliceBytes) {
      const slice = bytes.subarray(at, at + sliceBytes)
      this.#sha256.update(slice)
      this.#crc = crc32(slice, this.#crc)
      this.#bytes += slice.length
      await setImmediate()
    }
  }
}
