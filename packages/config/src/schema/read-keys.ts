import type * as z from 'zod'
import type { Path, ProblemReport } from '../problem-report.ts'
import { explainUnknownKey, type Hints } from './keys.ts'
import { readValue } from './report-issues.ts'

export interface Place {
  readonly path: Path
  readonly report: ProblemReport
}

export type Mapping = Readonly<Record<string, unknown>>

/** The mapping at a place, or undefined after saying that it is none. */
export function readMapping(tree: unknown, place: Place): Mapping | undefined {
  if (typeof tree === 'object' && tree !== null && !Array.isArray(tree)) return tree as Mapping
  const isEmpty = tree === null || tree === undefined
  place.report.error(place.path, {
    message: isEmpty ? 'is empty' : 'must be a mapping (key: value)',
    remedy: 'write its keys below it, indented',
  })
  return undefined
}

/** Reads each key by its own schema, so that a problem in one hides none in another. */
export function readKeys<T extends object>(
  tree: Mapping,
  shape: { readonly [K in keyof T]-?: z.ZodType<T[K]> },
  place: Place & { readonly hints: Hints },
): Partial<T> {
  const known = Object.keys(shape)
  const read: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(tree)) {
    const path = [...place.path, key]
    if (!Object.hasOwn(shape, key)) {
      place.report.keyError(path, explainUnknownKey(key, { known, hints: place.hints }))
      continue
    }
    if (value === null && place.report.isEmpty(path)) {
      place.report.error(path, { message: 'is empty', remedy: 'write a value, or null for none' })
      continue
    }
    read[key] = readValue(shape[key as keyof T] as z.ZodType, value, { ...place, path })
  }
  return read as Partial<T>
}
