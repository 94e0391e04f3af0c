import {
  bytesToVerify,
  lockBackup,
  type Manifest,
  recordVerification,
  resolveRef,
  type VerifyReport,
  verifyBackup,
} from '@backstream/backup'
import { formatBytes } from '@backstream/config'
import type { Session } from '../command-context.ts'
import { exitStatus } from '../exit-status.ts'
import { plainText } from '../output/plain-text.ts'
import { openProgressView } from '../output/progress-view.ts'
import { openMaintenanceStorage, openStorageOfPlan, storageNamed } from './open-storage.ts'
import { notePassedOver } from './passed-over.ts'

export async function verify(
  session: Session,
  ref: string,
  depth: VerifyReport['depth'],
): Promise<void> {
  const [plan = ''] = ref.split('/')
  await using storage = await openStorageOfPlan(session, plan)
  const signal = session.interruption()
  const resolved = await resolveRef(storage, ref, { signal })
  notePassedOver(session, resolved)
  const { manifest } = resolved
  const name = `${manifest.plan}/${manifest.backup}`
  const identities = depth === 'deep' ? await session.identitiesFor(manifest) : []
  const total = bytesToVerify(manifest)
  session.note(`${name}: reading ${formatBytes(total)}`)
  const view = await openProgressView({ ...session, stream: session.stderr })
  const onProgress = (bytes: number) =>
    view.set(plan, {
      percent: total === 0 ? null : (100 * bytes) / total,
      text: `${formatBytes(bytes)} of ${formatBytes(total)} read`,
    })
  const request = { manifest, depth, identities, signal, onProgress }
  const { clock } = session
  const startedMs = clock.monotonicMs()
  const report = await verifyBackup(storage, request).finally(() => view.stop())
  const durationMs = clock.monotonicMs() - startedMs
  const note = { manifest, report, by: 'backstream verify', durationMs }
  await recordVerification(storage, note, { clock, signal })
  await mendLock(session, manifest)
  print(session, name, report)
  if (report.problems.length > 0) session.endWith(exitStatus.failed)
}

/** What the job after the commit could not do, or somebody has lost since. */
async function mendLock(session: Session, manifest: Manifest): Promise<void> {
  const config = await session.config()
  const plan = config.plans.find(({ name }) => name === manifest.plan)
  const configured = plan && storageNamed(config, plan.storage)
  if (!configured?.lock) return
  await using storage = await openMaintenanceStorage(session, configured)
  const request = { ...configured.lock, manifest, by: 'backstream verify' }
  const options = { clock: session.clock, signal: session.interruption() }
  const report = await lockBackup(storage, request, options)
  if (report && report.locked > 0) {
    session.note(
      `${manifest.plan}/${manifest.backup}: ${report.locked} objects were not locked: mended`,
    )
  }
}

function print(session: Session, name: string, { depth, problems, bytes }: VerifyReport): void {
  if (session.json) {
    const outcome = problems.length > 0 ? 'refuted' : 'verified'
    session.printJson({
      format: 'backstream.verify/1',
      backup: name,
      depth,
      outcome,
      problems,
      bytes,
    })
  } else if (problems.length > 0) {
    session.print(`${name}: refuted, it does not count as good any more\n`)
    for (const problem of problems) session.print(`  ${plainText(problem)}\n`)
  } else {
    const what = depth === 'deep' ? 'opened, and is what was backed up' : 'stored as it was'
    session.print(`${name}: verified: ${what} (${formatBytes(bytes)} read)\n`)
  }
}
