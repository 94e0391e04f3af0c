import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Clock } from '@backstream/kernel'
import { createMemoryStorage } from '@backstream/storage'
import { runOf, sourceOf } from './backup-samples.ts'
import { recordVerification } from './record-verification.ts'
import { runBackup } from './run-backup.ts'
import { readStandings } from './standing.ts'

const { signal } = new AbortController()

test('what was refuted deep stays refuted until a deep verification says otherwise', async () => {
  let ms = Date.parse('2026-11-24T00:00:00Z')
  const clock: Clock = { now: () => ms++, monotonicMs: () => ms }
  const storage = createMemoryStorage()
  const { deps, request } = runOf(storage, sourceOf({ entries: [{ path: 'a', content: 'a' }] }))
  const manifest = await runBackup(deps, request)
  const after = async (depth: 'stored' | 'deep', ...problems: string[]) => {
    const report = { depth, problems, bytes: 1 }
    const note = { manifest, report, by: 'test', durationMs: 1234.5 }
    await recordVerification(storage, note, { clock, signal })
    const [standing] = (await readStandings(storage, manifest.plan)).standings
    assert.equal(standing?.verified?.tookMs, 1235)
    return [standing?.isGood, standing?.verified?.depth]
  }
  assert.deepEqual(await after('stored'), [true, 'stored'])
  assert.deepEqual(await after('stored', 'gone'), [false, 'stored'])
  assert.deepEqual(await after('stored'), [true, 'stored'])
  assert.deepEqual(await after('deep', 'frame 3'), [false, 'deep'])
  assert.deepEqual(await after('stored'), [false, 'stored'])
  assert.deepEqual(await after('stored'), [false, 'stored'])
  assert.deepEqual(await after('deep'), [true, 'deep'])
})
