import type { FailedProof } from './failed-proof.ts'
import { type Link, linkOf, type QueueConnection } from './open-connection.ts'
import { translateError } from './translate-error.ts'

/**
 * The last verification and drill of each plan that used up its attempts. What came of later ones stands
 * in the bucket, so that nobody need forget one here when it is over.
 */
export interface ProofMemory {
  note(proof: FailedProof): Promise<void>
  recall(): Promise<readonly FailedProof[]>
  /** Of all other plans. */
  forgetAllBut(plans: readonly string[]): Promise<void>
}

export function openProofMemory(connection: QueueConnection): ProofMemory {
  const link = linkOf(connection)
  const key = link.key('failed-proofs')
  return {
    async note(proof) {
      const field = `${proof.plan} ${proof.kind}`
      await reach(link, link.redis.hset(key, field, JSON.stringify(proof)))
    },
    recall: () => reach(link, recall(link, key)),
    async forgetAllBut(plans) {
      const fields = await reach(link, link.redis.hkeys(key))
      const gone = fields.filter((field) => !plans.includes(field.split(' ')[0] ?? ''))
      if (gone.length > 0) await reach(link, link.redis.hdel(key, ...gone))
    },
  }
}

async function recall(link: Link, key: string): Promise<FailedProof[]> {
  const proofs = await link.redis.hvals(key)
  return proofs.map((text) => JSON.parse(text) as FailedProof)
}

async function reach<T>(link: Link, answer: Promise<T>): Promise<T> {
  try {
    return await answer
  } catch (error) {
    throw translateError(error, link.address)
  }
}
