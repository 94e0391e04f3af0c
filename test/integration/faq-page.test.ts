/** docs/faq.md: what it says that is said, is said. */
import { ok } from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const cwd = fileURLToPath(new URL('../../', import.meta.url))
const page = readFileSync(`${cwd}docs/faq.md`, 'utf8')
const sayings = [...page.matchAll(/^## `(.+)`$/gm)].map(([, saying = '']) => saying)
const sources = globSync('{apps,packages}/*/src/**/*.ts', { cwd })
  .filter((path) => !path.endsWith('.test.ts'))
  .map((path) => readFileSync(`${cwd}${path}`, 'utf8').replaceAll(/^\s*(\*|\/\*|\/\/).*$/gm, ''))

for (const saying of sayings) {
  test(`something says "${saying}"`, () => {
    ok(sources.some((source) => source.includes(saying)))
  })
}
