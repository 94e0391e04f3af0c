import { type Context, SpanStatusCode, type Tracer } from '@opentelemetry/api'
import { type AboutAttempt, attributesOf, markFailed } from './trace-attempt.ts'

/** What an attempt came to, in names and numbers. */
export interface AttemptResult {
  readonly outcome: string
  readonly backup?: string
  /** Read, brought back or removed. */
  readonly bytes?: number
}

/** One span from begin to end, of an attempt that has ended. */
export function recordAttempt(
  tracer: Tracer,
  parent: Context,
  attempt: AboutAttempt & {
    readonly what: string
    readonly nowMs: number
    readonly endedAtMs: number
    readonly result: AttemptResult | null
    readonly error: unknown
  },
): void {
  const { what, plan, nowMs, endedAtMs, result, error } = attempt
  const began = { startTime: new Date(nowMs), attributes: attributesOf(attempt) }
  const span = tracer.startSpan(`${what} ${plan}`, began, parent)
  if (result === null) markFailed(span, error)
  else {
    const { outcome, backup, bytes } = result
    span.setAttribute('backstream.outcome', outcome)
    if (backup !== undefined) span.setAttribute('backstream.backup', backup)
    if (bytes !== undefined) span.setAttribute('backstream.bytes', bytes)
    span.setStatus({ code: SpanStatusCode.OK })
  }
  span.end(new Date(endedAtMs))
}
