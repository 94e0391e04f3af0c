import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto'

type Bytes = string | ArrayBuffer | ArrayBufferView

/** The hash constructor that @smithy/signature-v4 asks for, with node:crypto behind it. */
export class NodeSha256 {
  #hash: Hash | Hmac
  readonly #secret: Uint8Array | undefined

  constructor(secret?: Bytes) {
    this.#secret = secret === undefined ? undefined : asBytes(secret)
    this.#hash = this.#start()
  }

  update(data: Bytes): void {
    this.#hash.update(asBytes(data))
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest()
  }

  reset(): void {
    this.#hash = this.#start()
  }

  #start(): Hash | Hmac {
    return this.#secret ? createHmac('sha256', this.#secret) : createHash('sha256')
  }
}

function asBytes(data: Bytes): Uint8Array {
  if (typeof data === 'string') return Buffer.from(data)
  if (data instanceof ArrayBuffer) return new Uint8Array(data)
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
}
