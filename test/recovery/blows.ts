import { setTimeout as sleep } from 'node:timers/promises'
import type { ProxyAction } from '@backstream/testkit'
import { type Halt, type Phase, setGate } from './phases.ts'
import type { Stand } from './stand.ts'
import { workerTiming } from './timing.ts'

/** What a blow finds: a run that stands still. */
export interface Scene {
  readonly stand: Stand
  readonly plan: string
  readonly halt: Halt
  /** Resolves when the queue has done with the run, or knows it no more. */
  ended(): Promise<unknown>
}

export interface Blow {
  readonly name: string
  readonly at: 'worker' | 'redis' | 'store' | 'source'
  fits(phase: Phase): boolean
  /** Strikes, and puts right again what it broke; the run then goes to its end by itself. */
  readonly strike?: (scene: Scene) => Promise<void>
  /** Nothing stands still: this happens to the phase's request, so often. */
  readonly store?: { readonly action: ProxyAction; readonly times: number }
  /** The run is to fail for good, with these words. */
  readonly failsWith?: RegExp
  /** The queue may forget the run. */
  readonly mayLoseRun?: true
}

const everywhere = (phase: Phase) => phase.name !== ''
const heldBefore = (phase: Phase) => phase.side === 'before' && !phase.isInSource
const atRequests = (phase: Phase) => phase.side === 'before'
const withBody = (phase: Phase) =>
  atRequests(phase) && /^(UploadPart|PutObject|Complete)/.test(phase.operation)
const inSource = (phase: Phase) => phase.isInSource === true
const pastLockMs = workerTiming.lockMs + workerTiming.stalledCheckMs + 500

export const blows: readonly Blow[] = [
  { name: 'SIGKILL worker', at: 'worker', fits: everywhere, strike: kill },
  { name: 'SIGKILL, its request arrives later', at: 'worker', fits: heldBefore, strike: killLate },
  {
    ...{ name: 'SIGKILL worker, each time', at: 'worker', fits: inSource },
    ...{ strike: killEachTime, failsWith: /died.*"streaming"/ },
  },
  { name: 'SIGTERM worker', at: 'worker', fits: everywhere, strike: terminate },
  { name: 'SIGSTOP past the lock, SIGCONT', at: 'worker', fits: everywhere, strike: suspend },
  { name: 'Redis killed, restarted', at: 'redis', fits: everywhere, strike: restartRedis },
  { name: 'cut off from Redis', at: 'redis', fits: everywhere, strike: cutOff },
  { name: 'FLUSHALL', at: 'redis', fits: everywhere, strike: flush, mayLoseRun: true },
  store('500, three times', { status: 500, at: 'before' }, 3),
  { name: '503 to all, for a while', at: 'store', fits: everywhere, strike: refuseAll },
  store('slow', { delayMs: 3_000 }),
  store('hangs', { hold: 'before' }),
  { ...store('drops the connection midway', { cut: 'mid-request' }), fits: withBody },
  store('does it, answers 500', { status: 500, at: 'after' }),
  store('does it, drops the connection', { cut: 'after' }),
  { name: 'source exits 1', at: 'source', fits: inSource, strike: failSource },
  { name: 'source killed', at: 'source', fits: inSource, strike: killSource },
  { name: 'source hangs', at: 'source', fits: inSource, strike: hangSource },
  {
    name: 'source exits 1, each time',
    at: 'source',
    fits: inSource,
    failsWith: /the disk is gone/,
  },
]

function store(name: string, action: ProxyAction, times = 1): Blow {
  return { name: `store: ${name}`, at: 'store', fits: atRequests, store: { action, times } }
}

async function kill({ halt }: Pick<Scene, 'halt'>): Promise<void> {
  await halt.machine.kill()
  loseLink(halt)
  await halt.drop()
  halt.machine.start()
}

async function killLate({ halt, ended }: Scene): Promise<void> {
  await halt.machine.kill()
  halt.machine.start()
  await ended()
  await halt.release()
}

/** One more than a run may suffer. */
const tooOften = 4

async function killEachTime({ stand, plan, halt }: Scene): Promise<void> {
  const folder = stand.folderOf(plan)
  let next = halt
  for (let times = 1; times < tooOften; times++) {
    const again = await setGate(stand, folder)
    await kill({ halt: next })
    next = await again.struck
  }
  await kill({ halt: next })
}

async function terminate({ halt }: Scene): Promise<void> {
  await halt.machine.terminate()
  loseLink(halt)
  await halt.drop()
  halt.machine.start()
}

async function suspend({ halt, ended }: Scene): Promise<void> {
  halt.machine.suspend()
  await ended()
  halt.machine.resume()
  halt.machine.redis.thaw()
  await halt.release()
  await endOfZombie(halt)
}

async function restartRedis({ stand, halt }: Scene): Promise<void> {
  await stand.redis.kill()
  loseLink(halt)
  await halt.release()
  await sleep(pastLockMs)
  await stand.redis.restart()
}

async function cutOff({ halt, ended }: Scene): Promise<void> {
  halt.machine.redis.freeze()
  await ended()
  await halt.release()
  halt.machine.redis.thaw()
  await endOfZombie(halt)
}

async function flush({ stand, halt }: Scene): Promise<void> {
  await stand.redis.flushAll()
  loseLink(halt)
  await halt.release()
}

async function refuseAll({ stand, halt }: Scene): Promise<void> {
  const faults = stand.workers.map(({ s3 }) => s3.add({ action: { status: 503, at: 'before' } }))
  loseLink(halt)
  await halt.drop()
  await sleep(6_000)
  for (const fault of faults) fault.release()
}

async function failSource({ halt }: Scene): Promise<void> {
  await halt.source?.say('fail')
}

async function killSource({ halt }: Scene): Promise<void> {
  halt.source?.kill()
  await halt.source?.forget()
}

async function hangSource({ halt, ended }: Scene): Promise<void> {
  await ended()
  await halt.source?.forget()
}

/** What was on its way to Redis is lost; from now on the way is free. */
function loseLink({ machine }: Halt): void {
  machine.redis.cut()
  machine.redis.thaw()
}

/** A worker that was away ends its run, whichever way, before it stops. */
async function endOfZombie({ machine }: Halt): Promise<void> {
  await machine.terminate()
  machine.start()
}
