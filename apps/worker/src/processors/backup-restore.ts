import { hostname } from 'node:os'
import {
  BackupError,
  carryOutRestore,
  emptyReport,
  type Manifest,
  planRestore,
  readManifest,
} from '@backstream/backup'
import type { BackupRestorePayload, RestoreResult } from '@backstream/jobs'
import type { ActiveRun } from '@backstream/queue'
import type { Storage } from '@backstream/storage'
import { createReadingProgress } from '../reading-progress.ts'
import type { WorkerContext } from '../worker-context.ts'

type RestoreRun = ActiveRun<BackupRestorePayload>

/**
 * `backup.restore`: what `restore --detach` asked for, into a new or empty directory of the machine it
 * was asked on. Never over anything: whoever can write into the queue could ask for it.
 */
export async function processBackupRestore(
  context: WorkerContext,
  run: RestoreRun,
): Promise<RestoreResult> {
  const { plan: name, backup, host, to } = run.payload
  if (host !== hostname()) {
    throw new BackupError(
      'restore-target',
      `${to} is a directory of ${host}, not of this machine`,
      {
        permanent: true,
        remedy: `Run a worker that serves maintenance on ${host}, or restore there without --detach.`,
      },
    )
  }
  await using storage = await context.openStorage(context.planNamed(name))
  const manifest = await readManifest(storage, { plan: name, backup }, run.signal)
  if (!manifest) {
    const message = `The backup ${name}/${backup} is not there any more`
    throw new BackupError('no-such-backup', message, {
      permanent: true,
      remedy: `\`backstream list ${name}\` shows what there is.`,
    })
  }
  return await bringBack(context, run, { storage, manifest })
}

async function bringBack(
  context: WorkerContext,
  run: RestoreRun,
  { storage, manifest }: { readonly storage: Storage; readonly manifest: Manifest },
): Promise<RestoreResult> {
  const { plan, backup, to, paths, source, keepSetuid = false, identityFile } = run.payload
  const plans = await planRestore(storage, {
    ...{ manifest, to, source, keepSetuid },
    signal: run.signal,
    keepOwners: process.getuid?.() === 0,
    onIndexLost: ({ reason }) =>
      void run.log(
        `warning: the index is lost (${reason}); all of the archive is read in its place`,
      ),
    identities: identityFile ? await context.readIdentities({ file: identityFile }) : [],
    ...(paths && { paths }),
  })
  await run.log(`restoring ${plan}/${backup} into ${to}`)
  const report = emptyReport()
  const total = plans.chosen
    ? plans.found.bytes
    : manifest.archives.reduce((sum, { bytes }) => sum + bytes, 0)
  const progressAt = createReadingProgress('restoring', total, context.clock)
  try {
    await carryOutRestore(storage, plans, {
      report,
      onStep: ({ bytes, entries }) => run.progress(progressAt(bytes, entries)),
    })
  } catch (error) {
    const far = `${report.entries} of ${plans.found.entries} entries are in ${to}`
    await run.log(`NOT restored: ${far}${report.current ? `; it ended in ${report.current}` : ''}`)
    for (const path of report.damaged) await run.log(`damaged, and not restored: ${path}`)
    throw error
  }
  const { entries, bytes, notSet } = report
  await run.log(`restored and verified: ${entries} entries, ${bytes} bytes in ${to}`)
  for (const [what, count] of notSet) {
    await run.log(`warning: the ${what} of ${count} entries could not be set`)
  }
  return { outcome: 'restored', plan, backup, to, entries, bytes }
}
