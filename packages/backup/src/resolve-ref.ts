import type { Storage } from '@backstream/storage'
import type { PlanBackups } from './catalogue.ts'
import { BackupError } from './errors.ts'
import type { Manifest } from './manifest.ts'
import { byFenceDescending } from './plan-history.ts'
import { type BackupStanding, readStandings } from './standing.ts'

export interface ResolvedRef {
  readonly manifest: Manifest
  /** Newer backups that `latest` passed over, and why. */
  readonly passedOver: readonly { readonly backup: string; readonly reason: string }[]
}

/**
 * Finds the backup a REF names: `PLAN`, `PLAN/latest` (the newest good one) or `PLAN/ID`, where a
 * unique beginning of ID is enough.
 *
 * `beforeMs`: the newest good one that had finished by then. Rejects with `no-such-backup` or
 * `ambiguous-backup`.
 */
export async function resolveRef(
  storage: Storage,
  ref: string,
  options: { readonly signal?: AbortSignal; readonly beforeMs?: number } = {},
): Promise<ResolvedRef> {
  const [plan = '', wanted = 'latest', ...rest] = ref.split('/')
  if (plan === '' || wanted === '' || rest.length > 0) {
    throw none(ref, 'A backup is named PLAN, PLAN/latest or PLAN/ID.')
  }
  const { signal } = options
  const { standings, unreadable } = await readStandings(storage, plan, signal ? { signal } : {})
  const backups = standings.map(({ manifest }) => manifest)
  if (wanted !== 'latest') {
    return { manifest: pick(ref, wanted, { backups, unreadable }), passedOver: [] }
  }
  const inTime = standings.filter(
    ({ manifest: { run } }) =>
      options.beforeMs === undefined || Date.parse(run.finishedAt) <= options.beforeMs,
  )
  const good = inTime.findIndex(({ isGood }) => isGood)
  const manifest = inTime[good]?.manifest
  if (!manifest) {
    throw none(
      ref,
      backups.length > 0
        ? `There are ${backups.length} backups, but none that is good and had finished by then: \`backstream list ${plan}\` shows them.`
        : `\`backstream list\` shows what there is in ${storage.location}.`,
    )
  }
  const passedOver = [
    ...unreadable.map(({ backup, message }) => ({ backup, reason: message })),
    ...inTime.slice(0, good).map(passedOverFor),
  ].filter(({ backup }) => byFenceDescending(backup, manifest.backup) < 0)
  return { manifest, passedOver }
}

function passedOverFor({ manifest, verified }: BackupStanding) {
  const reason = verified?.isRefuted ? 'refuted by a verification' : 'suspect'
  return { backup: manifest.backup, reason }
}

function pick(
  ref: string,
  wanted: string,
  { backups, unreadable }: Pick<PlanBackups, 'backups' | 'unreadable'>,
): Manifest {
  const found = backups.filter(({ backup }) => backup.startsWith(wanted))
  const broken = unreadable.filter(({ backup }) => backup.startsWith(wanted))
  const names = [...found, ...broken].map(({ backup }) => backup)
  if (names.length > 1) {
    throw new BackupError('ambiguous-backup', `${ref} could be ${names.slice(0, 5).join(', ')}`, {
      permanent: true,
      remedy: 'Give more of the id.',
    })
  }
  if (found[0]) return found[0]
  // It is there, and saying that it is not would send somebody looking elsewhere.
  if (broken[0]) {
    throw new BackupError('manifest-invalid', broken[0].message, {
      permanent: true,
      remedy: 'RESTORE.md beside the archive tells how to restore it by hand.',
    })
  }
  throw none(ref, 'See `backstream list` for what there is.')
}

function none(ref: string, remedy: string): BackupError {
  return new BackupError('no-such-backup', `There is no backup ${ref}`, { permanent: true, remedy })
}
