import { type OpenedBackup, openBackup, resolveRef } from '@backstream/backup'
import type { Session } from '../command-context.ts'
import { openStorageOfPlan } from './open-storage.ts'
import { notePassedOver } from './passed-over.ts'
import { readingOptions } from './reading-options.ts'

export type OpenedRef = OpenedBackup & AsyncDisposable

/** The backup a REF names, opened by its index. */
export async function openRef(session: Session, ref: string): Promise<OpenedRef> {
  const [plan = ''] = ref.split('/')
  await using opened = new AsyncDisposableStack()
  const storage = opened.use(await openStorageOfPlan(session, plan))
  const signal = session.interruption()
  const resolved = await resolveRef(storage, ref, { signal })
  notePassedOver(session, resolved)
  const { manifest } = resolved
  const backup = await openBackup(storage, manifest, await readingOptions(session, manifest))
  const kept = opened.move()
  return { ...backup, [Symbol.asyncDispose]: () => kept.disposeAsync() }
}
