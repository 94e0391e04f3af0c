import type { OperationName } from './operation-name.ts'

/** One request, as it was answered. `status` is 0 when the connection ended without an answer. */
export interface LoggedRequest {
  readonly id: string
  readonly operation: OperationName
  readonly method: string
  readonly bucket: string | undefined
  readonly key: string | undefined
  readonly partNumber: number | undefined
  readonly accessKeyId: string | undefined
  readonly headers: Readonly<Record<string, string>>
  readonly status: number
  readonly errorCode: string | undefined
  /** Content of the request body that was read, as it came on the wire. */
  readonly bytesIn: number
  readonly bytesOut: number
}

/** What the server was asked, for assertions. Keeps the last 10,000; counters never forget. */
export interface RequestLog {
  entries(operation?: OperationName): readonly LoggedRequest[]
  count(operation?: OperationName): number
  /** Requests being worked on, or hanging. */
  readonly active: number
  /** Resolves once none is worked on: a client that was cut off is ahead of the log. */
  idle(): Promise<void>
  clear(): void
}

const kept = 10_000

export class RequestRecorder implements RequestLog {
  #entries: LoggedRequest[] = []
  #total = 0
  readonly #counts = new Map<OperationName, number>()
  #active = 0
  readonly #waiting: (() => void)[] = []

  get active(): number {
    return this.#active
  }

  begin(): void {
    this.#active++
  }

  async idle(): Promise<void> {
    if (this.#active > 0) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  /** Ends what `begin` began. */
  add(request: LoggedRequest): void {
    this.#entries.push(request)
    if (this.#entries.length > kept * 2) this.#entries = this.#entries.slice(-kept)
    this.#total++
    this.#counts.set(request.operation, (this.#counts.get(request.operation) ?? 0) + 1)
    this.#active--
    if (this.#active > 0) return
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  entries(operation?: OperationName): readonly LoggedRequest[] {
    const last = this.#entries.slice(-kept)
    return operation ? last.filter((entry) => entry.operation === operation) : last
  }

  count(operation?: OperationName): number {
    return operation ? (this.#counts.get(operation) ?? 0) : this.#total
  }

  clear(): void {
    this.#entries = []
    this.#total = 0
    this.#counts.clear()
  }
}
