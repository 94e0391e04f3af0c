import type { SecretRef } from '@backstream/config'
import type { RestorableStream, RestoreTarget } from './restore-target.ts'
import type { TableName } from './row-count.ts'

/**
 * Databases that a drill restores into. They are made under names of their own, or in a server of their
 * own, and disposing removes them, whatever happened; what a killed process left of them is removed by
 * the next drill of the plan on that server, a day later.
 */
export interface ScratchDatabases extends Omit<RestoreTarget, 'findProblems'>, AsyncDisposable {
  /** Of tables of a stream that was restored, in their order. */
  countRows(
    stream: RestorableStream,
    tables: readonly TableName[],
    signal: AbortSignal,
  ): Promise<readonly number[]>
}

/** Where they are made: in a server that is started for it and ended again, or in one that is there. */
export type ScratchServer =
  | 'throwaway'
  | { readonly uri: SecretRef; readonly password: SecretRef | null }

export interface ScratchPlan {
  readonly plan: string
  readonly nowMs: number
}

/** The databases that one drill makes in a server that is there; disposing drops each of them. */
export interface ScratchRegister extends AsyncDisposable {
  /** Drops what a killed process of the plan left, of these databases of the server. */
  dropStale(databases: readonly { readonly name: string }[]): Promise<void>
  /** A new name for what the stream is restored into; `nameOf` tells it again. */
  add(stream: RestorableStream): string
  nameOf(stream: RestorableStream): string
}

export function createScratchRegister(
  { plan, nowMs }: ScratchPlan,
  drop: (name: string) => Promise<void>,
): ScratchRegister {
  const made = new Map<string, string>()
  return {
    async dropStale(databases) {
      const names = databases.map(({ name }) => name)
      for (const name of staleNames(names, plan, nowMs)) await drop(name)
    },
    add(stream) {
      const name = scratchName(plan, { atMs: nowMs, number: made.size + 1 })
      made.set(stream.name, name)
      return name
    },
    nameOf: (stream) => made.get(stream.name) ?? '',
    async [Symbol.asyncDispose]() {
      const failures: unknown[] = []
      // One that cannot be dropped must not keep the others.
      for (const name of made.values()) await drop(name).catch((error) => failures.push(error))
      if (failures.length > 0) throw failures[0]
    },
  }
}

/** Reads what is not restored to its end: it is compared on the way. */
export async function drain(content: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _ of content);
}

const prefix = 'backstream_drill_'
const staleAfterMs = 24 * 3_600_000

/** `backstream_drill_PLAN_TIME_NUMBER`, at most 60 characters. */
export function scratchName(
  plan: string,
  { atMs, number }: { atMs: number; number: number },
): string {
  return `${prefixOf(plan)}${Math.floor(atMs / 1000).toString(36)}_${number}`
}

/** Those of the plan that nobody can still be using. */
export function staleNames(names: readonly string[], plan: string, nowMs: number): string[] {
  const mine = prefixOf(plan)
  return names.filter((name) => {
    if (!name.startsWith(mine)) return false
    const [, time] = /^([0-9a-z]+)_\d+$/.exec(name.slice(mine.length)) ?? []
    return time !== undefined && nowMs - Number.parseInt(time, 36) * 1000 > staleAfterMs
  })
}

function prefixOf(plan: string): string {
  return `${prefix}${plan.replaceAll('-', '_').slice(0, 30)}_`
}
