import { setTimeout as sleep } from 'node:timers/promises'
import { seededRandom } from '@backstream/testkit'
import type { Machine } from './machine.ts'
import type { Stand } from './stand.ts'

export interface ChaosBlow {
  readonly kind: 'SIGKILL' | 'SIGTERM' | 'SIGSTOP' | 'redis'
  /** The process, by its place among those that can be struck. */
  readonly target: number
  /** After the blow before it. */
  readonly pauseMs: number
  /** How long a process stands still, or Redis is away. */
  readonly lastsMs: number
}

/** Up to which number in [0, 1) a blow is of a kind. */
const shares = [
  ['SIGKILL', 0.65],
  ['SIGTERM', 0.8],
  ['SIGSTOP', 0.95],
  ['redis', 1],
] as const

/** The same for the same seed. */
export function* blowsFrom(seed: number, count: number): Generator<ChaosBlow> {
  const random = seededRandom(seed)
  for (let at = 0; at < count; at++) {
    const share = random()
    const kind = shares.find(([, upTo]) => share < upTo)?.[0] ?? 'SIGKILL'
    yield {
      kind,
      target: Math.floor(random() * 1_000),
      pauseMs: Math.floor(100 + random() ** 2 * 2_500),
      // From a hiccup to well past lock and lease.
      lastsMs: Math.floor(random() * (kind === 'redis' ? 4_000 : 9_000)),
    }
  }
}

/** Strikes; what follows (getting up again, going on) is added to `aftermath`. */
export async function strikeAtRandom(
  stand: Stand,
  blow: ChaosBlow,
  aftermath: Set<Promise<void>>,
): Promise<string> {
  await sleep(blow.pauseMs)
  const follow = (work: Promise<void>) => {
    aftermath.add(work)
    // A failure is met by who waits for all of them at the end.
    work.then(
      () => aftermath.delete(work),
      () => {},
    )
  }
  if (blow.kind === 'redis') {
    if (stand.redis.isRunning()) {
      await stand.redis.kill()
      follow(sleep(blow.lastsMs).then(() => stand.redis.restart()))
      return `Redis is killed, for ${blow.lastsMs} ms`
    }
  }
  const machine = await chooseStanding(stand, blow.target)
  if (blow.kind === 'SIGTERM') {
    follow(machine.terminate().then(() => machine.start()))
  } else if (blow.kind === 'SIGSTOP') {
    machine.suspend()
    follow(sleep(blow.lastsMs).then(() => machine.resume()))
    return `${machine.name} stands still for ${blow.lastsMs} ms`
  } else {
    await machine.kill()
    machine.start()
  }
  return `${blow.kind === 'SIGTERM' ? 'SIGTERM' : 'SIGKILL'} to ${machine.name}`
}

/** One that is at work: three times as likely a worker as a scheduler. */
async function chooseStanding(stand: Stand, target: number): Promise<Machine> {
  for (;;) {
    const { workers, schedulers } = stand
    const standing = [...workers, ...workers, ...workers, ...schedulers].filter((machine) =>
      machine.isAtWork(),
    )
    const chosen = standing[target % Math.max(1, standing.length)]
    if (chosen) return chosen
    await sleep(50)
  }
}
