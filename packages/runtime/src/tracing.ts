/**
 * One trace a run: what it waited for, its attempts, their stages, the parts they sent. A verification,
 * a drill, a pruning and the like is one as well, with nothing below its attempts.
 *
 * schedule ─┬─ run (attempt 1) ─┬─ preflight
 *           │                   ├─ streaming ─── part, part, …
 *           │                   └─ checking, committing or cleaning
 *           └─ run (attempt 2) …
 *
 * Trace and first span get their ids from the run's id, so that attempts on different machines find
 * one another without anything being handed on. Attributes are names, numbers and error codes: never
 * a message, which could quote what no collector should know.
 */
import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '@backstream/kernel'
import { type Context, ROOT_CONTEXT, type Tracer, trace } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { resourceFromAttributes } from '@opentelemetry/resources'
import {
  BatchSpanProcessor,
  type IdGenerator,
  RandomIdGenerator,
  type SpanExporter,
  TracerProvider,
} from '@opentelemetry/sdk-trace'
import { type AttemptResult, recordAttempt } from './record-attempt.ts'
import { type AttemptTrace, traceAttempt } from './trace-attempt.ts'

export interface Tracing extends AsyncDisposable {
  begin(attempt: TracedAttempt): AttemptTrace
  /** One attempt at something that is no backup, once it has ended. */
  record(attempt: EndedAttempt): void
}

export interface TracedAttempt {
  /** The same for all attempts of a run, and for no other run of any installation. */
  readonly runId: string
  readonly plan: string
  readonly attempt: number
  /** Null where nobody can tell. */
  readonly trigger: string | null
  readonly queue: string
  /** When the schedule wanted it, or somebody asked for it. */
  readonly dueAtMs: number
  readonly nowMs: number
}

export interface EndedAttempt extends TracedAttempt {
  /** `verify`, `drill`, `prune`, … */
  readonly what: string
  /** `nowMs` is when it began. */
  readonly endedAtMs: number
  /** Null when it failed. */
  readonly result: AttemptResult | null
  readonly error: unknown
}

export interface OpenTracingOptions {
  /** Of the collector, without `/v1/traces`. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly installation: string
  readonly worker: string
  readonly host: string
  readonly version: string
  readonly logger: Logger
}

/** Whoever ends waits for the last spans to be sent, but not for long. */
const sendWithinMs = 3_000

export function openTracing(options: OpenTracingOptions): Tracing {
  const { installation, worker, host, version } = options
  const ids = createIds(new RandomIdGenerator())
  const provider = new TracerProvider({
    idGenerator: ids,
    resource: resourceFromAttributes({
      'service.name': 'backstream-worker',
      'service.namespace': installation,
      'service.instance.id': worker,
      'service.version': version,
      'host.name': host,
    }),
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: openExporter(options),
        exportTimeoutMillis: sendWithinMs,
      }),
    ],
  })
  const tracer = provider.getTracer('backstream', version)
  return {
    begin(attempt) {
      const schedule = traceSchedule(tracer, ids, { installation, attempt })
      return traceAttempt(tracer, schedule, attempt)
    },
    record(attempt) {
      const schedule = traceSchedule(tracer, ids, { installation, attempt })
      recordAttempt(tracer, schedule, attempt)
    },
    async [Symbol.asyncDispose]() {
      // Whether the last spans arrived has been told by the exporter.
      const sent = provider.shutdown().catch(() => {})
      await Promise.race([sent, sleep(sendWithinMs, undefined, { ref: false })])
    },
  }
}

/** A collector that is away costs spans, never a run; it is told of once, and when it is back. */
function openExporter({
  url,
  headers,
  logger,
}: Pick<OpenTracingOptions, 'url' | 'headers' | 'logger'>): SpanExporter {
  const address = `${url.replace(/\/+$/, '')}/v1/traces`
  const sender = new OTLPTraceExporter({ url: address, headers, timeoutMillis: sendWithinMs })
  let isAway = false
  return {
    export(spans, done) {
      sender.export(spans, (result) => {
        const failed = result.error !== undefined || result.code !== 0
        if (failed && !isAway)
          logger.warn({ err: result.error }, 'the collector of traces does not take them')
        if (!failed && isAway) logger.info({}, 'the collector of traces takes them again')
        isAway = failed
        done(result)
      })
    },
    shutdown: () => sender.shutdown(),
  }
}

interface Ids extends IdGenerator {
  /** What the span begun in `work` is called; all others get names by chance. */
  fix<T>(ids: { readonly traceId: string; readonly spanId: string }, work: () => T): T
}

function createIds(random: IdGenerator): Ids {
  let fixed: { readonly traceId: string; readonly spanId: string } | undefined
  return {
    generateTraceId: () => fixed?.traceId ?? random.generateTraceId(),
    generateSpanId: () => fixed?.spanId ?? random.generateSpanId(),
    fix(given, work) {
      fixed = given
      try {
        return work()
      } finally {
        fixed = undefined
      }
    },
  }
}

/** From when it was due until its first attempt; what later ones hang below. */
function traceSchedule(
  tracer: Tracer,
  ids: Ids,
  { installation, attempt: about }: { installation: string; attempt: TracedAttempt },
): Context {
  const { runId, plan, attempt, trigger, queue, dueAtMs, nowMs } = about
  const hash = createHash('sha256').update(`${installation}/${runId}`).digest('hex')
  const given = { traceId: hash.slice(0, 32), spanId: hash.slice(32, 48) }
  if (attempt === 1) {
    const startTime = new Date(Math.min(dueAtMs, nowMs))
    const attributes = {
      'backstream.plan': plan,
      ...(trigger === null ? {} : { 'backstream.trigger': trigger }),
      'backstream.queue': queue,
    }
    const begin = () => tracer.startSpan(`schedule ${plan}`, { root: true, startTime, attributes })
    const span = ids.fix(given, begin)
    span.end(new Date(nowMs))
  }
  return trace.setSpanContext(ROOT_CONTEXT, { ...given, traceFlags: 1, isRemote: attempt > 1 })
}
