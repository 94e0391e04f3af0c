import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseConfig } from './parse-config.ts'
import type { ConfigProblem } from './problem-report.ts'

const head = `version: 1
name: home
redis: redis://127.0.0.1:6379
storages: { main: { kind: s3, bucket: backups } }
plans: { p: { storage: main, source: { kind: directory, path: /srv } } }
`

test('refuses what this version would silently leave out to the harm of the user', () => {
  const cases: readonly (readonly [string, string])[] = [
    [
      head.replace('bucket: backups', 'bucket: backups, proxy: "http://p:3128"'),
      'storages.main.proxy',
    ],
  ]
  for (const [text, key] of cases) {
    const errors = errorsOf(text)
    assert.deepEqual(
      errors.map((problem) => problem.key),
      [key],
    )
    assert.match(errors[0]?.message ?? '', /not yet in this version/)
  }
})

function errorsOf(text: string): readonly ConfigProblem[] {
  const result = parseConfig(text, { file: 'f.yaml', env: {} })
  return result.ok ? [] : result.problems.filter(({ severity }) => severity === 'error')
}
