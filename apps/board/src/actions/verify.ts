import { bytesToVerify, readManifest } from '@backstream/backup'
import { formatBytes } from '@backstream/config'
import { queueOfUpkeep } from '@backstream/jobs'
import type { ActionMaker } from './action.ts'

/** A worker reads the newest good backup back; what it finds stands as a note beside it. */
export const verifyNewest: ActionMaker = async (deps, { plan }) => {
  const { state, producer, openStorage, signal } = deps
  const newest = state.lookAt(plan.name).glances?.find(({ isGood }) => isGood)
  const at = { plan: plan.name, backup: newest?.backup ?? '' }
  const manifest = newest && (await readManifest(await openStorage(plan.storage), at, signal))
  const queue = queueOfUpkeep(null)
  return {
    ...{ name: 'verify', subject: plan.name, label: 'Verify the newest good backup' },
    says: [
      `A worker reads ${at.backup} back from the bucket${manifest ? `: ${formatBytes(bytesToVerify(manifest))}` : ''}, and compares every byte with its manifest.`,
      'What it finds stands as a note beside the backup. A backup that is refuted counts as good no more.',
      'Nothing is restored and nothing is changed. `backstream verify --deep` also opens it, where its key is.',
    ],
    refusal: newest ? null : 'There is no good backup to verify.',
    async perform() {
      const job = { name: 'backup.verify', payload: { plan: plan.name, depth: 'stored' } } as const
      const { jobId } = await producer.enqueueUpkeep({ job, queue, once: null })
      return `The verification of ${at.backup} is in the queue: ${jobId}.`
    },
  }
}
