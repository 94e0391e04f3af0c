import type { OperationName } from './operation-name.ts'

/** What happens instead of a good answer. */
export type FaultAction =
  /** Waits, then goes on as if nothing were. */
  | { readonly delayMs: number }
  /** Takes the body and never answers. Ends when the client or the server goes. */
  | { readonly hang: true }
  /**
   * Breaks the connection: `before` at once; `mid-request` when `afterBytes` of the body were read
   * (default: half); `mid-response` when `afterBytes` of the answer's body were sent (default:
   * half; nothing at all is sent where it has none), with the operation done.
   */
  | { readonly cut: 'before' | 'mid-request' | 'mid-response'; readonly afterBytes?: number }
  /** Answers with the error, does nothing. Default code: InternalError, SlowDown for 503. */
  | { readonly status: number; readonly code?: string }
  /** Does it, and answers with the error. */
  | { readonly doThenStatus: number }
  /** Does it, and breaks the connection. */
  | { readonly doThenCut: true }
  /** Does it, and answers with another ETag. */
  | { readonly wrongEtag: true }

/** All that are given must hold. `nth` counts from 1 the requests that fit the rest; so does `every`. */
export interface FaultMatch {
  readonly method?: string
  readonly operation?: OperationName
  readonly bucket?: string
  readonly key?: string | RegExp
  readonly partNumber?: number
  readonly nth?: number
  readonly every?: number
}

export interface Fault {
  readonly match?: FaultMatch
  /** How often it happens at most. */
  readonly times?: number
  readonly action: FaultAction
}

export interface FaultHandle {
  /** How often it happened. */
  readonly hits: number
  remove(): void
}

/** Scripted faults. A request suffers every fault that fits it, in the order they were added. */
export interface FaultScript {
  add(fault: Fault): FaultHandle
  clear(): void
}

export interface FaultTarget {
  readonly method: string
  readonly operation: OperationName
  readonly bucket: string | undefined
  readonly key: string | undefined
  readonly partNumber: number | undefined
}

interface Scripted {
  readonly fault: Fault
  seen: number
  hits: number
}

export class FaultBook implements FaultScript {
  #faults: Scripted[] = []

  add(fault: Fault): FaultHandle {
    const scripted = { fault, seen: 0, hits: 0 }
    this.#faults.push(scripted)
    return {
      get hits() {
        return scripted.hits
      },
      remove: () => {
        this.#faults = this.#faults.filter((other) => other !== scripted)
      },
    }
  }

  clear(): void {
    this.#faults = []
  }

  /** The actions this request suffers; counts it. */
  take(target: FaultTarget): FaultAction[] {
    return this.#faults
      .filter((scripted) => strikes(scripted, target))
      .map(({ fault }) => fault.action)
  }
}

function strikes(scripted: Scripted, target: FaultTarget): boolean {
  const { match = {}, times = Number.POSITIVE_INFINITY } = scripted.fault
  if (!fits(match, target)) return false
  scripted.seen++
  if (match.nth !== undefined && scripted.seen !== match.nth) return false
  if (match.every !== undefined && scripted.seen % match.every !== 0) return false
  if (scripted.hits >= times) return false
  scripted.hits++
  return true
}

function fits(match: FaultMatch, target: FaultTarget): boolean {
  return (
    (match.method === undefined || match.method === target.method) &&
    (match.operation === undefined || match.operation === target.operation) &&
    (match.bucket === undefined || match.bucket === target.bucket) &&
    (match.partNumber === undefined || match.partNumber === target.partNumber) &&
    fitsKey(match.key, target.key)
  )
}

function fitsKey(wanted: string | RegExp | undefined, key: string | undefined): boolean {
  if (wanted === undefined) return true
  if (key === undefined) return false
  return typeof wanted === 'string' ? wanted === key : key.search(wanted) >= 0
}
