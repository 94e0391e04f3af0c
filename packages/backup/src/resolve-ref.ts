import { parseBackupId } from '@backstream/kernel'
import type { Storage } from '@backstream/storage'
import { readNewestFirst } from './catalogue.ts'
import { BackupError } from './errors.ts'
import type { Manifest } from './manifest.ts'
import { readStanding } from './standing.ts'

export interface ResolvedRef {
  readonly manifest: Manifest
  /** Newer backups that `latest` passed over, and why. */
  readonly passedOver: readonly PassedOver[]
}

interface PassedOver {
  readonly backup: string
  readonly reason: string
}

interface ResolveOptions {
  readonly signal?: AbortSignal
  readonly beforeMs?: number
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
  options: ResolveOptions = {},
): Promise<ResolvedRef> {
  const [plan = '', wanted = 'latest', ...rest] = ref.split('/')
  if (plan === '' || wanted === '' || rest.length > 0) {
    throw none(ref, 'A backup is named PLAN, PLAN/latest or PLAN/ID.')
  }
  if (wanted !== 'latest') {
    return { manifest: await pick(storage, { ref, plan, wanted }, options.signal), passedOver: [] }
  }
  return await findLatest(storage, { ref, plan }, options)
}

/** No further back than to the first good one. */
async function findLatest(
  storage: Storage,
  { ref, plan }: { readonly ref: string; readonly plan: string },
  { signal, beforeMs = Number.POSITIVE_INFINITY }: ResolveOptions,
): Promise<ResolvedRef> {
  const unreadable: PassedOver[] = []
  const notGood: PassedOver[] = []
  let count = 0
  const isWanted = (backup: string) => {
    count += 1
    // What began later cannot have finished by then.
    return (parseBackupId(backup)?.startedAtMs ?? 0) <= beforeMs
  }
  for await (const look of readNewestFirst(storage, plan, {
    ...(signal && { signal }),
    isWanted,
  })) {
    if (look.kind === 'unreadable') {
      unreadable.push({ backup: look.backup, reason: look.message })
      continue
    }
    const { manifest } = look
    if (Date.parse(manifest.run.finishedAt) > beforeMs) continue
    const { isGood, verified } = await readStanding(storage, manifest, signal)
    if (isGood) return { manifest, passedOver: [...unreadable, ...notGood] }
    const reason = verified?.isRefuted ? 'refuted by a verification' : 'suspect'
    notGood.push({ backup: manifest.backup, reason })
  }
  throw none(
    ref,
    count > 0
      ? `There are some, but none that is good and had finished by then: \`backstream list ${plan}\` shows them.`
      : `\`backstream list\` shows what there is in ${storage.location}.`,
  )
}

/** More are not named where an id is not unique. */
const namedAtMost = 5

async function pick(
  storage: Storage,
  { ref, plan, wanted }: { readonly ref: string; readonly plan: string; readonly wanted: string },
  signal: AbortSignal | undefined,
): Promise<Manifest> {
  const found: Manifest[] = []
  const broken: PassedOver[] = []
  const names: string[] = []
  const isWanted = (backup: string) => backup.startsWith(wanted)
  for await (const look of readNewestFirst(storage, plan, {
    ...(signal && { signal }),
    isWanted,
  })) {
    if (look.kind === 'manifest') found.push(look.manifest)
    else broken.push({ backup: look.backup, reason: look.message })
    names.push(look.kind === 'manifest' ? look.manifest.backup : look.backup)
    if (names.length === namedAtMost) break
  }
  if (names.length > 1) {
    throw new BackupError('ambiguous-backup', `${ref} could be ${names.join(', ')}`, {
      permanent: true,
      remedy: 'Give more of the id.',
    })
  }
  if (found[0]) return found[0]
  // It is there, and saying that it is not would send somebody looking elsewhere.
  if (broken[0]) {
    throw new BackupError('manifest-invalid', broken[0].reason, {
      permanent: true,
      remedy: 'RESTORE.md beside the archive tells how to restore it by hand.',
    })
  }
  throw none(ref, 'See `backstream list` for what there is.')
}

function none(ref: string, remedy: string): BackupError {
  return new BackupError('no-such-backup', `There is no backup ${ref}`, { permanent: true, remedy })
}
