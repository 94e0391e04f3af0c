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

const planCounts = {
  'compose-host': 4,
  'twelve-databases': 12,
  'forty-hosts': 40,
  'immutable-bucket': 1,
}
for (const [name, count] of Object.entries(planCounts)) {
  test(`examples/${name}.yaml comes to ${count} plans`, () => {
    const text = readFileSync(new URL(`${name}.yaml`, folder), 'utf8')
    const result = parseConfig(text, { file: name, env: {} })
    equal(result.ok && result.config.plans.length, count)
  })
}
