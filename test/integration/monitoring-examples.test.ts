/** Rules and dashboard ask for nothing that the board does not tell. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createMetrics } from '@backstream/runtime/metrics'
import { findProgram } from '@backstream/testkit'
import { parse } from 'yaml'

const example = (path: string) => fileURLToPath(new URL(`../../examples/${path}`, import.meta.url))
const read = async (path: string) => await readFile(example(path), 'utf8')
const promtool = findProgram('promtool')
if (!promtool && process.env['CI'] === 'true') {
  throw new Error('no promtool here, and CI=true: install prometheus')
}

async function exported(): Promise<Set<string>> {
  const text = await createMetrics({ installation: 'home', version: '1' }).text()
  const names = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].flatMap(([, name = '', type]) =>
    type === 'histogram' ? ['_bucket', '_sum', '_count'].map((end) => `${name}${end}`) : [name],
  )
  return new Set(names)
}

function metricsIn(query: string): string[] {
  return query.match(/\bbackstream_\w+/g) ?? []
}

interface Panel {
  readonly title: string
  readonly targets: readonly { readonly expr: string }[]
}

describe('examples/grafana', () => {
  it('draws nothing but metrics that are exported', async () => {
    const known = await exported()
    const dashboard = JSON.parse(await read('grafana/backstream.json'))
    const panels: readonly Panel[] = dashboard.panels
    const queries = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr))
    const variables: { query: { query?: string } }[] = dashboard.templating.list
    const asked = [...queries, ...variables.map(({ query }) => query.query ?? '')]
    ok(queries.length > 10)
    for (const query of queries) ok(metricsIn(query).length > 0, query)
    deepEqual(
      asked.flatMap(metricsIn).filter((name) => !known.has(name)),
      [],
    )
  })
})

describe('examples/prometheus', () => {
  it('watches nothing but metrics that are exported, and says what to do', async () => {
    const known = await exported()
    const { groups } = parse(await read('prometheus/backstream.rules.yml'))
    const rules = groups.flatMap(({ rules: all }: { rules: unknown[] }) => all)
    equal(new Set(rules.map(({ alert }: { alert: string }) => alert)).size, rules.length)
    for (const { alert, expr, annotations } of rules) {
      deepEqual(
        metricsIn(expr).filter((name) => !known.has(name)),
        [],
        alert,
      )
      ok(annotations.summary.endsWith('.') && annotations.description.endsWith('.'), alert)
    }
  })

  const needsPromtool = promtool ? {} : { skip: 'no promtool here: install prometheus' }
  it('wakes somebody when it should, and nobody else', needsPromtool, async () => {
    const run = promisify(execFile)
    const cwd = example('prometheus')
    await run(String(promtool), ['check', 'rules', 'backstream.rules.yml'], { cwd })
    await run(String(promtool), ['test', 'rules', 'backstream.rules.test.yml'], { cwd })
  })
})
