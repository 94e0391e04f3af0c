import { BackstreamError } from '@backstream/kernel'
import {
  type Attributes,
  type Context,
  type Span,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api'

/** One attempt, as spans. Every method is cheap, and none throws. */
export interface AttemptTrace {
  /** A stage begins, and the one before it has ended. */
  onPhase(phase: string): void
  /** A part is about to be sent; what is returned is called when it is stored. */
  onPart(part: {
    readonly key: string
    readonly number: number
    readonly bytes: number
  }): () => void
  succeed(result: {
    readonly backup: string
    readonly bytes: number
    readonly stored: number
  }): void
  fail(error: unknown): void
}

export interface AboutAttempt {
  readonly runId: string
  readonly plan: string
  readonly attempt: number
}

export function traceAttempt(tracer: Tracer, parent: Context, about: AboutAttempt): AttemptTrace {
  const run = tracer.startSpan(`run ${about.plan}`, { attributes: attributesOf(about) }, parent)
  const inRun = trace.setSpan(parent, run)
  let stage: Span | undefined

  return {
    onPhase(phase) {
      stage?.end()
      stage = tracer.startSpan(phase, {}, inRun)
    },
    onPart({ key, number, bytes }) {
      const sent = {
        'backstream.object': key,
        'backstream.part': number,
        'backstream.bytes': bytes,
      }
      const within = stage ? trace.setSpan(inRun, stage) : inRun
      const part = tracer.startSpan(`part ${number}`, { attributes: sent }, within)
      return () => part.end()
    },
    succeed({ backup, bytes, stored }) {
      stage?.end()
      run.setAttributes({
        'backstream.backup': backup,
        'backstream.bytes.read': bytes,
        'backstream.bytes.stored': stored,
      })
      run.setStatus({ code: SpanStatusCode.OK })
      run.end()
    },
    fail(error) {
      stage?.end()
      markFailed(run, error)
      run.end()
    },
  }
}

export function attributesOf({ runId, plan, attempt }: AboutAttempt): Attributes {
  return { 'backstream.plan': plan, 'backstream.run': runId, 'backstream.attempt': attempt }
}

/** By the code of the error: its message could quote what no collector should know. */
export function markFailed(span: Span, error: unknown): void {
  span.setAttribute('error.type', typeOf(error))
  span.setStatus({ code: SpanStatusCode.ERROR })
}

function typeOf(error: unknown): string {
  if (error instanceof BackstreamError) return error.code
  return error instanceof Error ? error.name : 'unknown'
}
