import type { Link } from './open-connection.ts'

/** What became of what an attempt set out to make. `open`: nobody has said yet. */
export type AttemptState = 'open' | 'cleaned' | 'committed'

export interface RecordedAttempt {
  readonly backup: string
  readonly state: AttemptState
}

/** A run of a plan, whatever queue it is in. */
export interface LedgerRun {
  readonly plan: string
  readonly runId: string
}

/** One worker's work on a run; one that ended is not there any more. */
export interface RecordedStart {
  readonly token: string
  readonly worker: string
  readonly host: string
  readonly phase: string
  readonly seenAtMs: number
}

export interface LedgerRecord {
  /** Oldest first. */
  readonly attempts: readonly RecordedAttempt[]
  readonly starts: readonly RecordedStart[]
  readonly job: { readonly queue: string; readonly jobId: string } | null
}

/** A run's id in the ledger and in manifests: no other job ever has it, not even in a wiped Redis. */
export function ledgerRunId(job: { readonly jobId: string; readonly timestampMs: number }): string {
  return `${job.jobId}@${job.timestampMs}`
}

/** Whether the owner of a lease is a run: `prune` takes one as well. */
export function isRunId(owner: string): boolean {
  return /@\d+$/.test(owner)
}

export function ledgerKeys(link: Link, { plan, runId }: LedgerRun): [string, string] {
  return [link.key('ledger', plan, runId), ledgerIndexKey(link, plan)]
}

export function ledgerIndexKey(link: Link, plan: string): string {
  return link.key('ledger', plan)
}

/** Of the fields of a hash and their values. */
export function parseRecord(hash: ReadonlyMap<string, string>): LedgerRecord {
  const attempts: RecordedAttempt[] = []
  const starts: RecordedStart[] = []
  for (const [field, value] of hash) {
    const [, kind, name = ''] = /^(attempt|start):(.*)$/.exec(field) ?? []
    if (kind === 'attempt') attempts.push({ backup: name, state: value as AttemptState })
    if (kind !== 'start') continue
    const start = JSON.parse(value) as Omit<RecordedStart, 'token' | 'seenAtMs'>
    starts.push({ ...start, token: name, seenAtMs: Number(hash.get(`seen:${name}`) ?? 0) })
  }
  // Ids begin with the time and end with the fence: as text they are in order.
  attempts.sort((a, b) => (a.backup < b.backup ? -1 : 1))
  const job = hash.get('job')
  return { attempts, starts, job: job === undefined ? null : JSON.parse(job) }
}

/** Of a Lua answer: fields and values in turn. */
export function mapOfPairs(pairs: readonly string[]): Map<string, string> {
  const map = new Map<string, string>()
  for (let at = 0; at + 1 < pairs.length; at += 2) map.set(pairs[at] ?? '', pairs[at + 1] ?? '')
  return map
}
