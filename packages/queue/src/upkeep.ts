import type { PayloadByJobName, UpkeepResult } from '@backstream/jobs'

/** Jobs that keep backups in order; none of them makes one. */
export type UpkeepName =
  | 'backup.verify'
  | 'backup.drill'
  | 'backup.prune'
  | 'backup.lock'
  | 'backup.restore'

export type UpkeepJob = {
  readonly [N in UpkeepName]: {
    readonly name: N
    readonly payload: Omit<PayloadByJobName[N], 'v'>
  }
}[UpkeepName]

export interface EnqueueUpkeep {
  readonly job: UpkeepJob
  readonly queue: string
  /** Asked for again with the same words, also once it is done, it is one. Null: by hand. */
  readonly once: string | null
  /** Not before; now when absent. */
  readonly dueAtMs?: number
}

const upkeepNames = new Set<string>([
  'backup.verify',
  'backup.drill',
  'backup.prune',
  'backup.lock',
  'backup.restore',
] satisfies UpkeepName[])

/** They read a whole backup: a worker does not take so many that nothing else gets its turn. */
const long = new Set<string>([
  'backup.verify',
  'backup.drill',
  'backup.restore',
] satisfies UpkeepName[])

export function isUpkeep(jobName: string): boolean {
  return upkeepNames.has(jobName)
}

export function isLongUpkeep(jobName: string): boolean {
  return long.has(jobName)
}

/** What is armed for a time has it at the end of its id. */
export function armedId(kind: string, plan: string, dueAtMs: number): string {
  return `${kind}-${plan}-${dueAtMs}`
}

const armedPattern =
  /^(?:sweep|verify|verify-deep|drill|prune)-[a-z0-9][a-z0-9-]{0,62}-(\d{12,16})$/

/** When a job was armed for; null for one that somebody asked for. */
export function armedForOf(id: string | undefined): number | null {
  const millis = armedPattern.exec(id ?? '')?.[1]
  return millis === undefined ? null : Number(millis)
}

const outcomes = new Set<unknown>([
  'verified',
  'drilled',
  'pruned',
  'nothing-to-prune',
  'held',
  'blocked',
  'locked',
  'restored',
] satisfies UpkeepResult['outcome'][])

export function isUpkeepResult(value: { readonly outcome?: unknown }): boolean {
  return outcomes.has(value.outcome)
}
