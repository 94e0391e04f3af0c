import { hostname, tmpdir } from 'node:os'
import {
  type DrillReport,
  drillBackup,
  type Manifest,
  makeScratchPlace,
  parseAgeIdentities,
  recordDrill,
  resolveRef,
} from '@backstream/backup'
import { defaultDrillChecks, formatBytes, type Plan, resolveSecret } from '@backstream/config'
import { drilledDatabases } from '@backstream/sources'
import type { Storage } from '@backstream/storage'
import { plansNamed, type Session } from '../command-context.ts'
import { exitStatus } from '../exit-status.ts'
import { type DrillOutcome, describeDrill } from '../output/drill-text.ts'
import { openProgressView } from '../output/progress-view.ts'
import { drillByWorker } from './drill-by-worker.ts'
import { openStorage, storageNamed } from './open-storage.ts'
import { notePassedOver } from './passed-over.ts'

/**
 * A drill of the plan, now: by the worker that the plan names for it, which has the key, or else in
 * this process. A plan without a drill is restored and checked all the same.
 */
export async function drill(
  session: Session,
  name: string,
  { isHere }: { readonly isHere: boolean },
): Promise<void> {
  const config = await session.config()
  const [plan] = plansNamed(config, [name])
  if (!plan) return
  const runsOn = plan.drill?.runsOn ?? null
  const outcome =
    runsOn === null || isHere
      ? await drillHere(session, plan)
      : await drillByWorker(session, config, { plan: plan.name, runsOn })
  if (session.json) session.printJson({ format: 'backstream.drill/1', ...asDocument(outcome) })
  else session.print(describeDrill(outcome, session.paint))
  if (!outcome.isPassed) session.endWith(exitStatus.failed)
}

async function drillHere(session: Session, plan: Plan): Promise<DrillOutcome> {
  const config = await session.config()
  await using storage = await openStorage(session, storageNamed(config, plan.storage))
  const signal = session.interruption()
  const resolved = await resolveRef(storage, plan.name, { signal })
  notePassedOver(session, resolved)
  const { manifest } = resolved
  const report = await rehearse(session, storage, { plan, manifest })
  const by = `backstream drill on ${hostname()}`
  await recordDrill(storage, { manifest, report, by }, { clock: session.clock, signal })
  return { plan: plan.name, backup: manifest.backup, ...report }
}

async function rehearse(
  session: Session,
  storage: Storage,
  { plan, manifest }: { readonly plan: Plan; readonly manifest: Manifest },
): Promise<DrillReport> {
  const identities = await keysFor(session, plan, manifest)
  await using place = await makeScratchPlace(plan.drill?.to ?? tmpdir(), plan.name)
  session.note(`${plan.name}/${manifest.backup}: restoring into ${place.path}`)
  const view = await openProgressView({ ...session, stream: session.stderr })
  const into = plan.drill?.into ?? null
  const databases =
    into === null
      ? []
      : drilledDatabases(plan, into, {
          environment: session.settings.env,
          resolveSecret: (ref) => resolveSecret(ref, session.settings.env),
          clock: session.clock,
        })
  const request = {
    ...{ databases, isDatabasesOnly: databases.length === plan.sources.length },
    ...{ manifest, identities, to: place.path, environment: session.env, random: Math.random },
    checks: plan.drill?.checks ?? defaultDrillChecks,
    keepOwners: process.getuid?.() === 0,
    signal: session.interruption(),
    onProgress: (at: { bytesFetched: number; bytesTotal: number; entries: number }) =>
      view.set(plan.name, {
        percent: at.bytesTotal === 0 ? null : (100 * at.bytesFetched) / at.bytesTotal,
        text: `${formatBytes(at.bytesFetched)} of ${formatBytes(at.bytesTotal)} read, ${at.entries} entries`,
      }),
  }
  return await drillBackup(storage, request, session.clock).finally(() => view.stop())
}

/** The one that was given, or else the plan's own where this machine is the one that has it. */
async function keysFor(session: Session, { drill }: Plan, manifest: Manifest) {
  const given = await session.identitiesFor(manifest)
  if (given.length > 0 || !manifest.encryption || !drill?.identity) return given
  return parseAgeIdentities(await resolveSecret(drill.identity, session.settings.env))
}

function asDocument({ isPassed, checks, restoreMs, ...outcome }: DrillOutcome) {
  return {
    ...outcome,
    outcome: isPassed ? 'passed' : 'failed',
    restoreSeconds: restoreMs / 1000,
    checks: checks.map(({ name, isPassed, words }) => ({ name, passed: isPassed, words })),
  }
}
