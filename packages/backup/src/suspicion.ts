import type { Manifest } from './manifest.ts'
import { contentBytesOf } from './manifest-sizes.ts'

export interface SuspicionRules {
  /** Fewer content bytes are suspect; null: any number will do. */
  readonly minSizeBytes?: number | null
  /** More than so many percent fewer bytes or entries than the last good one; null: never. */
  readonly shrinkPercent?: number | null
}

/**
 * Why a backup that went well should be looked at before it is relied on. Measured by the last good
 * one, never by another suspect one: a source that stays small stays suspect until somebody accepts.
 */
export function suspicionsOf(
  found: { readonly bytes: number; readonly entries: number },
  rules: SuspicionRules,
  lastGood: Manifest | null,
): Manifest['suspect'] {
  const { minSizeBytes = null, shrinkPercent = null } = rules
  const suspicions: Manifest['suspect'][number][] = []
  if (minSizeBytes !== null && found.bytes < minSizeBytes) {
    suspicions.push({
      rule: 'minSize',
      expected: `at least ${minSizeBytes} bytes`,
      found: `${found.bytes} bytes`,
    })
  }
  if (shrinkPercent === null || lastGood === null) return suspicions
  const before = { bytes: contentBytesOf(lastGood), entries: lastGood.content.entries }
  for (const what of ['bytes', 'entries'] as const) {
    const least = Math.ceil((before[what] * (100 - shrinkPercent)) / 100)
    if (found[what] >= least) continue
    suspicions.push({
      rule: 'shrink',
      expected: `at least ${least} ${what}, as ${lastGood.backup} has ${before[what]}`,
      found: `${found[what]} ${what}`,
    })
  }
  return suspicions
}
