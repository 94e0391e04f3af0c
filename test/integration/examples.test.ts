import { deepEqual, equal, ok } from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parseConfig } from '@backstream/config'

const folder = new URL('../../examples/', import.meta.url)
const examples = readdirSync(folder).filter((name) => name.endsWith('.yaml'))

for (const name of examples) {
  test(`examples/${name} is valid as it stands, and asks for nothing that is not built`, () => {
    const text = readFileSync(new URL(name, folder), 'utf8')
    const result = parseConfig(text, { file: name, env: {} })
    deepEqual(result.ok ? result.notices : result.problems, [])
    ok(result.ok && result.config.plans.length > 0)
  })
}

test('the examples are looked at', () => {
  equal(examples.includes('backstream.yaml') && examples.includes('compose.yaml'), true)
})
