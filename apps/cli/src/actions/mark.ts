import { hostname } from 'node:os'
import { type Manifest, type Mark, markBackup, readStandings, resolveRef } from '@backstream/backup'
import type { Storage } from '@backstream/storage'
import { CliError } from '../cli-error.ts'
import type { Session } from '../command-context.ts'
import { openStorageOfPlan } from './open-storage.ts'
import { notePassedOver } from './passed-over.ts'

const words: Readonly<Record<Mark, readonly [marked: string, wasSo: string]>> = {
  accept: ['counts as good now', 'counted as good already'],
  pin: ['is pinned: retention never removes it', 'was pinned already'],
  unpin: ['is not pinned any more', 'was not pinned'],
}

/** `accept REF`, `pin REF`, `unpin REF`: a note beside the backup; said twice it is written once. */
export async function markRef(session: Session, ref: string, mark: Mark): Promise<void> {
  const [plan = ''] = ref.split('/')
  const signal = session.interruption()
  await using storage = await openStorageOfPlan(session, plan)
  const manifest = await find(session, storage, { ref, mark })
  const by = `backstream ${mark} on ${hostname()}`
  const outcome = await markBackup(
    storage,
    { manifest, mark, by },
    { clock: session.clock, signal },
  )
  const name = `${manifest.plan}/${manifest.backup}`
  if (session.json) {
    session.printJson({ format: 'backstream.mark/1', backup: name, mark, outcome })
    return
  }
  const [marked, wasSo] = words[mark]
  session.print(`${name} ${outcome === 'marked' ? marked : wasSo}\n`)
}

async function find(
  session: Session,
  storage: Storage,
  { ref, mark }: { readonly ref: string; readonly mark: Mark },
): Promise<Manifest> {
  const signal = session.interruption()
  const [plan = '', id = 'latest'] = ref.split('/')
  // `latest` is the newest good one: there is nothing to accept in it.
  if (mark === 'accept' && id === 'latest') throw await mustBeNamed(storage, plan, signal)
  const resolved = await resolveRef(storage, ref, { signal })
  notePassedOver(session, resolved)
  return resolved.manifest
}

async function mustBeNamed(storage: Storage, plan: string, signal: AbortSignal): Promise<CliError> {
  const { standings } = await readStandings(storage, plan, { signal })
  const suspect = standings.filter(({ isGood, verified }) => !isGood && !verified?.isRefuted)
  const names = suspect.map(({ manifest }) => `${plan}/${manifest.backup}`)
  return new CliError('usage', 'accept wants one backup by its id: PLAN/ID', {
    remedy:
      names.length === 0 ? `No backup of ${plan} is suspect.` : `Suspect: ${names.join(', ')}.`,
  })
}
