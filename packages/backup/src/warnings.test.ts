import { deepEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { openIndex } from '@backstream/archive'
import { createMemoryStorage } from '@backstream/storage'
import { runOf, sourceOf } from './backup-samples.ts'
import { runBackup } from './run-backup.ts'
import { readSmallObject } from './small-object.ts'

test('warnings are counted in the manifest, all of them, and stand with their paths in the index', async () => {
  const storage = createMemoryStorage()
  const warnings = [
    { code: 'vanished', path: 'a', message: 'it vanished' },
    { code: 'grew', path: 'b', message: 'it grew' },
  ]
  // A source names only so many, and counts the others.
  const warningCounts = { vanished: 12_000, grew: 1 }
  const source = sourceOf({
    entries: [{ path: 'c', content: 'c' }],
    summary: { warnings, warningCounts },
  })
  const { deps, request } = runOf(storage, source)
  const manifest = await runBackup(deps, request)
  deepEqual(manifest.warnings, [
    { code: 'vanished', count: 12_000 },
    { code: 'grew', count: 1 },
  ])
  const bytes = (await readSmallObject(storage, manifest.index.key)) ?? new Uint8Array()
  const index = await openIndex({
    bytes: bytes.length,
    footer: manifest.index.footer,
    read: async (start, end) => bytes.subarray(start, end),
  })
  deepEqual(index.footer.warnings, warnings)
})
