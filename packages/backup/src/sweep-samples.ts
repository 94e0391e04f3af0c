/** A bucket, a queue's memory and a clock for the tests of the sweep. */
import assert from 'node:assert/strict'
import { createMemoryStorage, type MemoryStorageOptions, type Storage } from '@backstream/storage'
import { clockAt, runOf, sourceOf } from './backup-samples.ts'
import { backupPrefix } from './layout.ts'
import { prunePlan } from './prune-plan.ts'
import { runBackup } from './run-backup.ts'
import { sweepStorage } from './sweep.ts'
import type { SweepReport, SweepRequest, SweepWitness } from './sweep-request.ts'

const { signal } = new AbortController()
export const hourMs: number = 3_600_000
export const dayMs: number = 24 * hourMs
export const plan = 'media'

/** A store, a clock for all, and a queue that remembers as far back as it is told to. */
export function openStand(options: MemoryStorageOptions = {}): Stand {
  const clock = clockAt(Date.parse('2026-11-24T00:00:00Z'))
  const storage = createMemoryStorage({ partBytes: 1024, clock, ...options })
  const live = new Set<string>()
  const sightings = new Map<string, { state: string; sinceMs: number }>()
  let memorySinceMs = clock.now() - 30 * dayMs
  const witness: SweepWitness = {
    liveAttempts: async () => live,
    rememberedForMs: async () => clock.now() - memorySinceMs,
    seenForMs: async (what, state, { isLookOnly }) => {
      const known = sightings.get(what)
      if (known?.state === state) return clock.now() - known.sinceMs
      if (!isLookOnly) sightings.set(what, { state, sinceMs: clock.now() })
      return 0
    },
  }
  const sweep = (over: Partial<SweepRequest> = {}, store: Storage = storage) =>
    sweepStorage(
      { storage: store, witness, clock, signal },
      {
        installation: 'test',
        plans: [{ name: plan, retentionGraceMs: dayMs }],
        graceMs: dayMs,
        by: 'backstream sweep',
        isDryRun: false,
        ...over,
      },
    )
  return {
    ...{ clock, storage, live, witness, sweep },
    forgetEverything() {
      sightings.clear()
      live.clear()
      memorySinceMs = clock.now()
    },
    async prune(keepLast) {
      await prunePlan(
        { storage, clock, signal },
        {
          ...{ installation: 'test', plan, policy: { keepLast }, by: 'test' },
          ...{ localTime: (ms: number) => ms, blocks: [], despite: [] },
          ...{ isConfirmed: true, isDryRun: false },
        },
      )
    },
    async backUp() {
      const source = sourceOf({ entries: [{ path: 'a', content: 'x'.repeat(5000) }] })
      const { deps, request } = runOf(storage, source, { deps: { clock } })
      const { backup } = await runBackup(deps, request)
      clock.advance(hourMs)
      return backup
    },
  }
}

export interface Stand {
  readonly storage: Storage
  readonly clock: ReturnType<typeof clockAt>
  readonly live: Set<string>
  readonly witness: { -readonly [K in keyof SweepWitness]: SweepWitness[K] }
  sweep(over?: Partial<SweepRequest>, store?: Storage): Promise<SweepReport>
  /** Redis is wiped. */
  forgetEverything(): void
  backUp(): Promise<string>
  prune(keepLast: number): Promise<void>
}

/** What an attempt leaves whose process and Redis are gone. */
export async function abandon(
  { storage }: Stand,
  backup = '20261123T031500Z-000900',
): Promise<string> {
  const prefix = backupPrefix(plan, backup)
  await storage.put(`${prefix}archive.tar.zst`, new Uint8Array(500))
  await cutUpload(storage, `${prefix}archive.tar.zst.001`)
  return backup
}

export async function cutUpload(storage: Storage, key: string): Promise<void> {
  const body = (async function* () {
    yield new Uint8Array(3000)
    throw new Error('killed')
  })()
  await assert.rejects(storage.upload(key, body, {}), /killed/)
}

export async function everything(storage: Storage): Promise<string[]> {
  const found: string[] = []
  for await (const { key } of storage.listVersions('')) found.push(key)
  for await (const { key } of storage.listUploads('')) found.push(`upload ${key}`)
  return found
}

export const below = async (storage: Storage, backup: string): Promise<string[]> =>
  (await everything(storage)).filter((key) => key.includes(`${plan}/${backup}/`))

export const refs = (report: SweepReport): string[] =>
  report.swept.map(({ ref, reason }) => `${ref} ${reason}`)
