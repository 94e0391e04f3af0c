import { deepEqual } from 'node:assert/strict'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { systemClock } from '@backstream/kernel'
import { createCommandSource, type DrilledDatabase } from '@backstream/sources'
import { createMemoryStorage } from '@backstream/storage'
import { runOf } from './backup-samples.ts'
import { drillBackup } from './drill-backup.ts'
import { runBackup } from './run-backup.ts'

const { signal } = new AbortController()

/** A backup of one stream under the plan's name, as a dump is one. */
async function backUpStream() {
  const storage = createMemoryStorage()
  const source = createCommandSource(
    {
      ...{ kind: 'command', at: '', via: null, argv: ['echo', 'dump'], env: {}, restore: null },
      ...{ expect: { trailer: null, minSizeBytes: null }, cwd: null, streamName: 'media' },
    },
    { resolveSecret: () => '' },
  )
  const { deps, request } = runOf(storage, source)
  return { storage, manifest: await runBackup(deps, request) }
}

async function drillWith(open: DrilledDatabase['open']) {
  const { storage, manifest } = await backUpStream()
  const parent = await mkdtemp(join(tmpdir(), 'backstream-drill-test-'))
  try {
    const report = await drillBackup(
      storage,
      {
        ...{ manifest, to: join(parent, 'to'), signal, environment: {}, keepOwners: false },
        checks: { present: [], minFiles: null, sampleFiles: 0, command: null },
        random: () => 0,
        databases: [{ at: '', open }],
        isDatabasesOnly: true,
      },
      systemClock,
    )
    return { report, left: await readdir(parent) }
  } finally {
    await rm(parent, { recursive: true })
  }
}

test('a drill of a database takes the whole dump, and removes what it made when it fails', async () => {
  let taken = ''
  let isDisposed = false
  const { report, left } = await drillWith(async () => ({
    label: 'a server',
    async restore(_stream, content) {
      for await (const chunk of content) taken += Buffer.from(chunk)
      throw new Error('no room')
    },
    countRows: async () => [],
    async [Symbol.asyncDispose]() {
      isDisposed = true
    },
  }))
  deepEqual([taken, isDisposed, left], ['dump\n', true, []])
  deepEqual(report.checks, [{ name: 'databases', isPassed: false, words: 'no room' }])
  deepEqual(report.isPassed, false)
})
