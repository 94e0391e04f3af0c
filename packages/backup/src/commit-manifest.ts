/**
 * The commit: the manifest into its slot.
 *
 * Where the store guards "only if absent", the put decides. Where it does not, the manifest may have
 * replaced a void, and others may have begun to remove the objects it names: so it is read back, the
 * fence and the archive are looked at once more, and the manifest is withdrawn if either is gone. The
 * others, for their part, wait before they remove anything (`clean-up.ts`).
 */
import type { Clock } from '@backstream/kernel'
import type { Storage } from '@backstream/storage'
import { BackupError } from './errors.ts'
import { slotKey } from './layout.ts'
import { type Manifest, serializeSlot } from './manifest.ts'
import { isOpen, readSlot, voidOf } from './slot.ts'

export interface CommitOptions {
  readonly signal: AbortSignal
  readonly clock: Clock
  /** Who commits, for the void that withdraws. */
  readonly by: string
  /** Rejects when the attempt may not commit any more, or its objects are not whole. */
  readonly confirm: () => Promise<void>
}

/** How long taking a manifest back may take, whatever became of the attempt's own signal. */
const withdrawMs = 30_000

/**
 * Returns when the slot holds exactly this manifest, for good.
 *
 * Rejects with `slot-voided` when the attempt was given up by somebody else, with `slot-taken` when
 * another manifest stands there, and with `withdrawn` when the manifest stood for a moment and must
 * not: then it never counts, also where taking it back failed. Any other rejection leaves the
 * outcome open.
 */
export async function commitManifest(
  storage: Storage,
  manifest: Manifest,
  options: CommitOptions,
): Promise<void> {
  const put = { key: slotKey(manifest.plan, manifest.backup), bytes: serializeSlot(manifest) }
  const { signal } = options
  try {
    await storage.put(put.key, put.bytes, {
      ifAbsent: true,
      signal,
      contentType: 'application/json',
    })
  } catch (error) {
    if (!isOpen(error)) throw error
    await assertOurs(storage, { ...put, cause: error, signal })
  }
  // Asked behind the put: a store finds out what it honours by putting.
  if (storage.capabilities.conditionalPut) return
  try {
    await assertOurs(storage, { ...put, cause: undefined, signal })
    await options.confirm()
  } catch (error) {
    if (isForeign(error)) throw error
    throw await withdraw(storage, manifest, { ...options, cause: error })
  }
}

async function assertOurs(
  storage: Storage,
  put: { key: string; bytes: Uint8Array; cause: unknown; signal: AbortSignal },
): Promise<void> {
  const { cause } = put
  const slot = await readSlot(storage, put.key, put.signal)
  if (!slot) throw cause ?? new BackupError('withdrawn', `${put.key} is gone`)
  if (slot.kind === 'void') {
    throw new BackupError('slot-voided', `This attempt was given up: ${slot.void.reason}`, {
      cause,
    })
  }
  if (Buffer.compare(slot.bytes, put.bytes) !== 0) {
    throw new BackupError('slot-taken', `Another manifest stands at ${put.key}`, {
      cause,
      permanent: true,
    })
  }
}

function isForeign(error: unknown): boolean {
  return (
    error instanceof BackupError && (error.code === 'slot-voided' || error.code === 'slot-taken')
  )
}

/** Puts a void over our own manifest, so that the slot is never free in between. */
async function withdraw(
  storage: Storage,
  { plan, backup }: Manifest,
  { clock, by, cause }: CommitOptions & { readonly cause: unknown },
): Promise<BackupError> {
  const content = voidOf({ plan, backup, by, reason: 'withdrawn' }, clock)
  const why = cause instanceof Error ? cause.message : String(cause)
  try {
    await storage.put(slotKey(plan, backup), serializeSlot(content), {
      signal: AbortSignal.timeout(withdrawMs),
      contentType: 'application/json',
    })
    return new BackupError('withdrawn', `The manifest of ${plan}/${backup} was withdrawn: ${why}`, {
      cause,
    })
  } catch (error) {
    return new BackupError(
      'withdrawn',
      `The manifest of ${plan}/${backup} should be withdrawn (${why}), but cannot be`,
      {
        cause: new AggregateError([cause, error], why),
        remedy: `Remove ${storage.location}/${slotKey(plan, backup)} by hand: its backup may not be whole.`,
      },
    )
  }
}
