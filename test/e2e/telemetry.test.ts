/** What a collector hears of runs: one trace each, whole, and no secret in any of it. */
import { deepEqual, equal, match, notEqual, ok } from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type HearingServer, leakGuard, startHearingServer, waitFor } from '@backstream/testkit'
import { type Installation, openInstallation } from './cli-installation.ts'

const mebibyte = 1024 * 1024
const secrets = { COLLECTOR: 'Bearer canary-collector', DUMP: 'canary-dump' } as const
const plans = () => `
  large: { compression: { algorithm: none }, source: { kind: command, argv: [head, -c, "${20 * mebibyte}", /dev/zero] } }
  broken: { attempts: 2, backoff: { delay: 1s }, source: { kind: command, argv: [sh, -c, 'echo "$DUMP" >&2; exit 3'], env: { DUMP: { env: DUMP } } } }
  kept:
    retention: { keepLast: 1 }
    drill: { cron: "0 9 1 1 *", runsOn: vault, checks: { present: [canary-file] } }
    source: { kind: command, argv: [date] }
`

let here: Installation
let collector: HearingServer
before(async () => {
  collector = await startHearingServer()
  here = await openInstallation({ plans, isServed: false })
  const file = join(here.folder, 'backstream.yaml')
  const telemetry = `telemetry: { url: ${collector.url}/, headers: { authorization: { env: COLLECTOR } } }`
  await writeFile(file, `${await readFile(file, 'utf8')}\n${telemetry}\n`)
})
after(async () => {
  await here?.[Symbol.asyncDispose]()
  await collector?.[Symbol.asyncDispose]()
})
leakGuard()

interface Span {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly status: { readonly code?: number; readonly message?: string }
  readonly attributes: readonly { readonly key: string; readonly value: object }[]
}

function spans(): Span[] {
  return collector.heard.flatMap(({ body }) =>
    // biome-ignore lint/suspicious/noExplicitAny: a document as a collector would read it
    JSON.parse(body).resourceSpans.flatMap((resource: any) =>
      // biome-ignore lint/suspicious/noExplicitAny: as above
      resource.scopeSpans.flatMap((scope: any) => scope.spans),
    ),
  )
}

/** Of the one run of a plan, once all of its attempts have been told of. */
async function traceOf(plan: string, attempts = 1): Promise<Span[]> {
  await waitFor(() => spans().filter(({ name }) => name === `run ${plan}`).length === attempts, {
    what: `the trace of ${plan}`,
    timeoutMs: 20_000,
  })
  const of = new Set(
    spans().flatMap(({ name, traceId }) => (name === `run ${plan}` ? traceId : [])),
  )
  equal(of.size, 1)
  return spans().filter(({ traceId }) => of.has(traceId))
}

function attributeOf({ attributes }: Span, key: string): string | undefined {
  const value = attributes.find((attribute) => attribute.key === key)?.value
  return value && String(Object.values(value)[0])
}

describe('a collector', () => {
  it('hears one trace of a run: schedule, run, stages, parts', async () => {
    await using worker = here.start(['worker'], secrets)
    await worker.waitForOutput(/serves backups/)
    const ran = await here.run(['run', 'large', '--wait'])
    equal(ran.status, 0, ran.stderr)
    // What is still unsent is sent before it ends.
    equal((await worker.stop()).code, 0)
    const trace = await traceOf('large')
    const childrenOf = (parent: Span | undefined) =>
      trace.filter(({ parentSpanId }) => parentSpanId === parent?.spanId)
    const roots = trace.filter(({ parentSpanId }) => !parentSpanId)
    deepEqual(
      roots.map(({ name }) => name),
      ['schedule large'],
    )
    const [run, ...others] = childrenOf(roots[0])
    deepEqual([run?.name, others, run?.status.code], ['run large', [], 1])
    const stages = childrenOf(run).sort((a, b) =>
      a.startTimeUnixNano.localeCompare(b.startTimeUnixNano),
    )
    deepEqual(
      stages.map(({ name }) => name),
      ['preflight', 'streaming', 'checking', 'committing'],
    )
    const parts = childrenOf(stages[1])
    const ofArchive = parts.filter((part) =>
      attributeOf(part, 'backstream.object')?.endsWith('.tar'),
    )
    ok(ofArchive.length >= 2, `${ofArchive.length} parts`)
    const manifest = await here.json(['show', 'large'])
    const sent = ofArchive.reduce(
      (sum, part) => sum + Number(attributeOf(part, 'backstream.bytes')),
      0,
    )
    equal(sent, manifest.archives[0].bytes)
    equal(run && attributeOf(run, 'backstream.backup'), manifest.backup)
    equal(trace.length, 2 + stages.length + parts.length)
    for (const { startTimeUnixNano: from, endTimeUnixNano: to } of trace)
      ok(BigInt(from) <= BigInt(to))
  })

  it('hears all attempts of a run that failed in one trace, by the code of its error', async () => {
    await using worker = here.start(['worker'], secrets)
    await worker.waitForOutput(/serves backups/)
    equal((await here.run(['run', 'broken', '--wait'])).status, 1)
    equal((await worker.stop()).code, 0)
    const trace = await traceOf('broken', 2)
    const runs = trace.filter(({ name }) => name === 'run broken')
    deepEqual(
      runs.map((run) => [attributeOf(run, 'backstream.attempt'), run.status.code]),
      [
        ['1', 2],
        ['2', 2],
      ],
    )
    for (const run of runs) match(String(attributeOf(run, 'error.type')), /^[a-z-]+$/)
    equal(trace.filter(({ name }) => name === 'schedule broken').length, 1)
    ok(trace.some(({ name }) => name === 'cleaning'))
  })

  it('hears of a pruning and of a drill, each in a trace of its own', async () => {
    await using worker = here.start(
      ['worker', '--serves', 'backups,maintenance,backups.vault'],
      secrets,
    )
    await worker.waitForOutput(/serves backups/)
    equal((await here.run(['run', 'kept', '--wait'])).status, 0)
    equal((await here.run(['drill', 'kept'])).status, 1)
    await waitFor(() => spans().some(({ name }) => name === 'prune kept'), {
      ...{ what: 'the trace of the pruning', timeoutMs: 20_000 },
    })
    equal((await worker.stop()).code, 0)
    const [pruning, drill] = ['prune kept', 'drill kept'].map((wanted) => {
      const found = spans().filter(({ name }) => name === wanted)
      equal(found.length, 1, wanted)
      return found[0]
    })
    ok(pruning && drill)
    equal(attributeOf(pruning, 'backstream.outcome'), 'nothing-to-prune')
    deepEqual([pruning.status.code, drill.status.code], [1, 2])
    equal(attributeOf(drill, 'error.type'), 'drill-failed')
    notEqual(pruning.traceId, drill.traceId)
    for (const span of [pruning, drill]) {
      const [root] = spans().filter(({ spanId }) => spanId === span.parentSpanId)
      equal(root?.name, 'schedule kept')
      equal(root?.traceId, span.traceId)
    }
  })

  it('is asked with the header it wants, and told no secret', () => {
    ok(collector.heard.length > 0)
    for (const { path, headers, body } of collector.heard) {
      deepEqual([path, headers['authorization']], ['/v1/traces', secrets.COLLECTOR])
      equal(/canary/.test(body), false)
      equal(body.includes(here.s3.secretAccessKey), false)
      equal(body.includes(here.s3.accessKeyId), false)
    }
  })

  it('that is away costs no backup, and is told of once', async () => {
    collector.answer(503)
    await using worker = here.start(['worker'], secrets)
    await worker.waitForOutput(/serves backups/)
    for (let run = 0; run < 2; run++) {
      equal((await here.run(['run', 'large', '--wait'])).status, 0)
    }
    equal((await worker.stop()).code, 0)
    equal(worker.stderr().match(/the collector of traces does not take them/g)?.length, 1)
    equal(worker.stderr().includes('canary'), false)
  })
})
