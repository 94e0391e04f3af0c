import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseConfig } from '../parse-config.ts'

function lockOf(lock: string) {
  const result = parseConfig(
    `version: 1
name: home
redis: redis://127.0.0.1
storages: { main: { kind: s3, bucket: backups, lock: ${lock} } }
plans: { p: { storage: main, source: { kind: directory, path: /srv } } }
`,
    { file: 'f.yaml', env: {} },
  )
  return result.ok ? result.config.storages['main']?.lock : result.problems
}

test('a lock that nobody can take back for more than 400 days is confirmed by saying it twice', () => {
  const dayMs = 86_400_000
  const long = { mode: 'compliance', forMs: 500 * dayMs }
  assert.deepEqual(lockOf('{ mode: governance, for: 500d }'), { ...long, mode: 'governance' })
  assert.deepEqual(lockOf('{ mode: compliance, for: 400d }'), { ...long, forMs: 400 * dayMs })
  assert.deepEqual(lockOf('{ mode: compliance, for: 500d, confirm: 500d }'), long)
  for (const lock of [
    '{ mode: compliance, for: 500d }',
    '{ mode: compliance, for: 500d, confirm: 400d }',
  ]) {
    assert.match(JSON.stringify(lockOf(lock)), /storages\.main\.lock\.confirm.*nobody can delete/)
  }
})
