import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseConfig } from './parse-config.ts'

const text = `version: 1
name: home
redis: "\${R}"
storages: { main: { kind: s3, bucket: abc, prefix: x }, b: { kind: s3, bucket: bcd } }
plans:
  a: { storage: main, source: { kind: directory, path: /a, exclude: [x, y] } }
  b: { storage: main, source: { kind: directory, path: /b }, schedule: { every: 60m } }
`

test('is the same for another order, another spelling, another file', () => {
  const other = `plans:
  b: { source: { path: /b, kind: directory }, storage: main, schedule: { every: 1h } }
  a: { storage: "main", source: { kind: directory, path: /a, exclude: [x, y] } }
storages: { b: { bucket: bcd, kind: s3 }, main: { kind: s3, prefix: x/, bucket: abc } }
redis: "\${R}"
name: home
version: 1
`
  assert.equal(print(other, 'other.yaml'), print(text))
})

test('differs where the meaning does', () => {
  const changes: readonly (readonly [string, string])[] = [
    ['name: home', 'name: house'],
    ['[x, y]', '[y, x]'],
    ['60m', '61m'],
    [
      'storage: main, source: { kind: directory, path: /b }',
      'storage: b, source: { kind: directory, path: /b }',
    ],
    ['path: /b }', 'path: /b }, catchUp: false'],
  ]
  for (const [from, to] of changes) assert.notEqual(print(text.replace(from, to)), print(text), to)
  assert.notEqual(print(text, 'f', 'redis://other'), print(text))
})

function print(source: string, file = 'f', redis = 'redis://x'): string {
  const result = parseConfig(source, { file, env: { R: redis } })
  assert.ok(result.ok)
  assert.match(result.config.fingerprint, /^[0-9a-f]{64}$/)
  return result.config.fingerprint
}
