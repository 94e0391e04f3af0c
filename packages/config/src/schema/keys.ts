import * as z from 'zod'
import { nearest } from '../nearest.ts'
import type { Finding } from '../problem-report.ts'

/** What an unknown key is answered with: keys of other tools or of older habits, and where they are now. */
export type Hints = Readonly<Record<string, string>>

interface UnknownKey {
  readonly known: readonly string[]
  readonly hints: Hints
}
/** The stand-ins for keys outside a shape. They outlive copies of the mapping, such as `describe` makes. */
const standIns = new WeakSet<object>()

/** A mapping with these keys, `x-` keys, and no others. */
export function keys<S extends z.ZodRawShape>(
  shape: S,
  hints: Hints = {},
): z.ZodObject<S, z.core.$strict> {
  const unknown = { known: Object.keys(shape), hints }
  const catchall = z.unknown().superRefine((_, context) => {
    context.addIssue({ code: 'custom', message: 'unknown key', params: { unknown } })
  })
  standIns.add(catchall)
  return z.object(shape).catchall(catchall) as unknown as z.ZodObject<S, z.core.$strict>
}

/** Whether a schema was made by `keys`. */
export function isKeyed(schema: z.core.$ZodTypes): boolean {
  const { def } = schema._zod
  return def.type === 'object' && def.catchall !== undefined && standIns.has(def.catchall)
}

export function explainUnknownKey(key: string, unknown: UnknownKey): Finding {
  const hint = Object.hasOwn(unknown.hints, key) ? unknown.hints[key] : undefined
  const close = nearest(key, unknown.known)
  const remedy =
    hint ?? (close ? `did you mean ${close}?` : `known here: ${[...unknown.known].join(', ')}`)
  return { message: 'not a known key', remedy }
}
