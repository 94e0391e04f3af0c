/** For everything that can be said to be wrong there is a section that says what to do. */
import { deepEqual, match, ok } from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { parse } from 'yaml'

const root = new URL('../../', import.meta.url)
const read = async (path: string) => await readFile(new URL(path, root), 'utf8')

/** Every list of events that the configuration takes, as editors are told. */
function eventsIn(schema: unknown): string[] {
  if (typeof schema !== 'object' || schema === null) return []
  const choices = (schema as { enum?: unknown }).enum
  if (Array.isArray(choices) && choices.includes('overdue')) return choices
  return Object.values(schema).flatMap(eventsIn)
}

async function sections(): Promise<Map<string, string>> {
  const [, ...parts] = (await read('docs/alarms.md')).split(/^## /m)
  return new Map(
    parts.flatMap((part) => {
      const [heading = '', ...body] = part.split('\n')
      return heading.split(', ').map((name) => [name.replaceAll('`', ''), body.join('\n')] as const)
    }),
  )
}

describe('docs/alarms.md', () => {
  it('has every event of notify', async () => {
    const events = [...new Set(eventsIn(JSON.parse(await read('backstream.schema.json'))))]
    ok(events.length >= 9)
    const written = await sections()
    deepEqual(
      events.filter((event) => !written.has(event)),
      [],
    )
  })

  it('has every alert of the example’s rules, and no other', async () => {
    const { groups } = parse(await read('examples/prometheus/backstream.rules.yml'))
    const alerts: string[] = groups.flatMap(({ rules }: { rules: { alert: string }[] }) =>
      rules.map(({ alert }) => alert),
    )
    ok(alerts.length >= 8)
    const written = [...(await sections()).keys()].filter((name) => /^Backstream/.test(name))
    deepEqual(written.sort(), alerts.sort())
  })

  it('says of each what it means, and what to do', async () => {
    for (const [name, body] of await sections()) {
      match(body, /\*\*It says:\*\*.+\n\*\*It means:\*\*/s, name)
      match(body, /\*\*Do:\*\* \S/, name)
    }
  })
})
