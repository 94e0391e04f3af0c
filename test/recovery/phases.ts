/**
 * Where a run can be struck. Each phase is known from outside, by a request to the store (that is to
 * come, or was done and not yet answered), or by the source standing still.
 */
import type { ProxyFault, ProxyFaultHandle, S3Operation } from '@backstream/testkit'
import type { Machine } from './machine.ts'
import { makeGate, type StandingSource, waitAtGate } from './source-gate.ts'
import type { Stand } from './stand.ts'

export interface Phase {
  readonly name: string
  /** The request the run stands still at, and that the store's blows strike. */
  readonly operation: S3Operation
  readonly key: (plan: string) => RegExp
  readonly skip?: number
  readonly side: 'before' | 'after'
  /** The run stands still in its source instead. */
  readonly isInSource?: true
  /** The source fails first, so that the attempt is being cleaned up. */
  readonly isAfterFailure?: true
  /** The answer arrives, and then nothing reaches Redis any more. */
  readonly isCutOffThen?: true
}

// Before the plan comes the storage's prefix.
const listing = (plan: string) => new RegExp(`^[^/]+/${plan}/$`)
const archive = (plan: string) => new RegExp(`^[^/]+/${plan}/[^/]+/archive\\.tar$`)
const slot = (plan: string) => new RegExp(`^[^/]+/${plan}/[^/]+\\.json$`)
const creating = { operation: 'CreateMultipartUpload', key: archive } as const
const completing = { operation: 'CompleteMultipartUpload', key: archive } as const
const committing = { operation: 'PutObject', key: slot } as const
const aborting = { operation: 'AbortMultipartUpload', key: archive } as const
const sending = { operation: 'UploadPart', key: archive, skip: 1 } as const

export const phases: readonly Phase[] = [
  { name: 'claimed', operation: 'ListObjects', key: listing, side: 'before' },
  { name: 'ledger written', ...creating, side: 'before' },
  { name: 'upload created', ...creating, side: 'after' },
  { name: 'mid-stream', ...sending, side: 'before', isInSource: true },
  { name: 'before complete', ...completing, side: 'before' },
  { name: 'after complete', ...completing, side: 'after' },
  { name: 'before manifest', ...committing, side: 'before' },
  { name: 'after manifest', ...committing, side: 'after' },
  { name: 'before completed', ...committing, side: 'after', isCutOffThen: true },
  { name: 'before void', ...committing, side: 'before', isAfterFailure: true },
  { name: 'during clean-up', ...aborting, side: 'before', isAfterFailure: true },
]

/** A run that stands still. */
export interface Halt {
  readonly machine: Machine
  readonly source: StandingSource | null
  /** The run goes on; a request that is held arrives now, also when its sender is dead. */
  release(): Promise<void>
  /** What is held never arrives. */
  drop(): Promise<void>
}

export interface Trap {
  readonly struck: Promise<Halt>
}

/** Makes the plan's next run stand still in this phase, on whichever worker takes it. */
export async function setTrap(stand: Stand, plan: string, phase: Phase): Promise<Trap> {
  const folder = stand.folderOf(plan)
  if (phase.isInSource) return await setGate(stand, folder)
  const fault = faultAt(phase, plan, { hold: phase.side })
  const armed = stand.workers.map((machine) => ({ machine, handle: machine.s3.add(fault) }))
  const struck = haltAtRequest(phase, armed)
  if (!phase.isAfterFailure) return { struck }
  const failed = failOnce(stand, plan)
  return { struck: failed.then(() => struck) }
}

/** Makes the plan's next attempt stand still in its source. */
export async function setGate(stand: Stand, folder: string): Promise<Trap> {
  await makeGate(folder)
  return { struck: haltInSource(stand, folder) }
}

/** The source of the plan's next attempt fails when something of it has been stored, once. */
export async function failOnce(stand: Stand, plan: string): Promise<void> {
  const folder = stand.folderOf(plan)
  const noted = { operation: 'UploadPart', key: archive(plan), action: { delayMs: 0 } } as const
  const parts = stand.workers.map(({ s3 }) => s3.add(noted))
  await makeGate(folder)
  const source = await waitAtGate(folder)
  await Promise.race(parts.map(({ struck }) => struck))
  for (const part of parts) part.release()
  await source.say('fail')
}

/** Strikes the plan's request of this phase, once. */
export function faultAt(phase: Phase, plan: string, action: ProxyFault['action']): ProxyFault {
  const { operation, key, skip = 0 } = phase
  return { operation, key: key(plan), skip, times: 1, action }
}

async function haltInSource(stand: Stand, folder: string): Promise<Halt> {
  const source = await waitAtGate(folder)
  const machine = stand.workers.find(({ pid }) => pid === source.workerPid)
  if (!machine) throw new Error('the source is read by nobody we know')
  return { machine, source, release: () => source.say('go'), drop: () => source.forget() }
}

interface Armed {
  readonly machine: Machine
  readonly handle: ProxyFaultHandle
}

async function haltAtRequest(phase: Phase, armed: readonly Armed[]): Promise<Halt> {
  const { machine, handle } = await Promise.race(
    armed.map(async (one) => {
      await one.handle.struck
      return one
    }),
  )
  for (const other of armed) if (other.handle !== handle) other.handle.release()
  if (phase.isCutOffThen) {
    machine.redis.freeze()
    handle.release()
  }
  return {
    machine,
    source: null,
    release: async () => handle.release(),
    drop: async () => handle.drop(),
  }
}
