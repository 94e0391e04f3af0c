import { createHash } from 'node:crypto'
import type { Config } from './model.ts'

/**
 * SHA-256 hex of what a configuration means: not where it was read from, not the order of keys or
 * of plans. Equal meanings give equal fingerprints.
 */
export function fingerprint(config: Omit<Config, 'fingerprint' | 'file'>): string {
  const meaning = {
    ...config,
    plans: Object.fromEntries(
      config.plans.map((plan) => [
        plan.name,
        { ...plan, limits: plan.limits.toSorted(), notify: plan.notify.toSorted() },
      ]),
    ),
    retired: config.retired.toSorted(),
  }
  return sha256(JSON.stringify(meaning, canonical))
}

function canonical(_key: string, value: unknown): unknown {
  // JSON has no Infinity and would write null, which means the opposite for `catchUpMs`.
  if (value === Number.POSITIVE_INFINITY) return 'Infinity'
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined)
  const [first] = entries
  if (entries.length === 1 && first?.[0] === 'value')
    return { hash: sha256(JSON.stringify(first[1])) }
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)))
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
