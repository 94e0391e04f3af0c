import { setTimeout as sleep } from 'node:timers/promises'
import { QueueError, type RunProducer, type RunRef } from '@backstream/queue'
import { CliError } from '../cli-error.ts'
import type { Session } from '../command-context.ts'
import { plainText } from '../output/plain-text.ts'
import { withNamedRuns } from './named-runs.ts'

const lookEveryMs = 500

/** Prints the log of the run, or of a plan's newest one; with `isFollowed` until the run has ended. */
export async function logs(
  session: Session,
  name: string,
  { isFollowed }: { readonly isFollowed: boolean },
): Promise<void> {
  await withNamedRuns(session, name, async ([newest], producer) => {
    if (!newest) return
    const { ref } = newest
    session.note(`run ${ref.jobId} of ${ref.plan}, ${newest.state}`)
    const lines: string[] = []
    const tell = (more: readonly string[]) => {
      lines.push(...more)
      if (!session.json) for (const line of more) session.print(`${plainText(line)}\n`)
    }
    if (isFollowed) await follow(session, { producer, ref, tell })
    else tell(await producer.readLog(ref, 0))
    const state = (await producer.getRun(ref))?.state ?? 'gone'
    const { plan, jobId: run, queue } = ref
    const document = { format: 'backstream.logs/1', plan, run, queue, state, lines }
    if (session.json) session.printJson(document)
    else if (lines.length === 0) session.note('it has written nothing yet')
  })
}

interface Following {
  readonly producer: RunProducer
  readonly ref: RunRef
  tell(lines: readonly string[]): void
}

async function follow(session: Session, { producer, ref, tell }: Following): Promise<void> {
  const signal = session.interruption()
  let seen = 0
  for (;;) {
    try {
      // The state first: a run that ends in between has written its last line by then.
      const run = await producer.getRun(ref)
      const more = await producer.readLog(ref, seen)
      seen += more.length
      tell(more)
      if (!run || run.state === 'completed' || run.state === 'failed') return
    } catch (error) {
      // The run may well go on meanwhile.
      if (!isOutage(error)) throw error
    }
    await sleep(lookEveryMs, undefined, { signal }).catch(() => {
      throw signal.reason instanceof CliError ? signal.reason : new CliError('interrupted', 'ended')
    })
  }
}

function isOutage(error: unknown): boolean {
  return error instanceof QueueError && error.code === 'unreachable'
}
