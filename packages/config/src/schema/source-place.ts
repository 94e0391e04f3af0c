import type * as z from 'zod'
import type { ViaConfig } from '../model.ts'
import { ValueError } from '../value-error.ts'
import { read } from './value.ts'
import { via } from './via.ts'

const at = read(checkAt, {
  description: 'Path in the archive; needed, and unique, where a plan has several sources',
}).optional()

/** A relative path that stays below the archive's root and is written in one way only. */
function checkAt(value: string): string {
  const parts = value.split('/')
  const isSafe = parts.every((part) => part !== '' && part !== '.' && part !== '..')
  if (isSafe && !/[\\\p{Cc}]/u.test(value) && value.length <= 200) return value
  throw new ValueError('not a safe relative path', {
    remedy: 'write a name such as db or data/uploads: no leading or trailing /, no . or ..',
  })
}

/** Keys of every source. */
export const placeKeys: {
  readonly at: z.ZodOptional<z.ZodType<string>>
  readonly via: z.ZodOptional<z.ZodType<ViaConfig>>
} = { at, via: via.optional() }
