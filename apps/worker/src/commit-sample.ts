import { type Manifest, runBackup } from '@backstream/backup'
import { silentLogger, systemClock } from '@backstream/kernel'
import type { Storage } from '@backstream/storage'

/** For tests: an empty backup of the plan `media`, committed by the run `run@1`. */
export async function commitSample(storage: Storage): Promise<Manifest> {
  return await runBackup(
    {
      ...{ storage, sources: [], clock: systemClock, logger: silentLogger },
      guard: {
        drawFence: async (floor) => floor + 1,
        recordAttempt: async () => {},
        assertMayCommit: async () => {},
      },
    },
    {
      installation: 'test',
      plan: {
        name: 'media',
        compression: { algorithm: 'none', level: 0 },
        cpus: null,
        idleTimeout: { sourceMs: 60_000 },
        encryption: null,
      },
      trigger: 'manual',
      run: { id: 'run@1', attempt: 1, worker: 'w', host: 'h', scheduledForMs: null },
      tool: { name: 'backstream', version: '0' },
      store: { storageClass: null, sse: null },
      signal: new AbortController().signal,
    },
  )
}
