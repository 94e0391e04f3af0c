/** The kinds of values a configuration is made of; each says what it wants in its own words. */
import { isAbsolute } from 'node:path'
import * as z from 'zod'
import type { SecretRef } from '../model.ts'
import {
  durationPattern,
  parseDuration,
  parseRetentionDuration,
  retentionDurationPattern,
} from '../units/duration.ts'
import { parseRate, parseSize, sizePattern } from '../units/size.ts'
import { ValueError } from '../value-error.ts'
import { keys } from './keys.ts'

/** In the editor a value may still be a variable, whatever it has to be once that is replaced. */
const orVariable = (pattern: string): string => `${pattern}|\\$\\{`
const variable = { type: 'string', pattern: '\\$\\{' } as const

export function text(description: string): z.ZodType<string> {
  return z
    .unknown()
    .transform((value, context) => {
      if (typeof value === 'string' && value !== '') return value
      return refuse(context, value === '' ? emptyText : notText(value))
    })
    .meta({ type: 'string', minLength: 1, description })
}

interface Refusal {
  readonly message: string
  readonly remedy: string
  /** The value is of the wrong type altogether. */
  readonly kind?: boolean
  /** Where below the value; its own place when absent. */
  readonly path?: readonly string[]
}
const emptyText: Refusal = { message: 'is empty', remedy: 'write a value, or leave the key out' }

function notText(value: unknown): Refusal {
  if (value === undefined) return { message: 'is missing', remedy: 'add it', kind: true }
  const isScalar = typeof value === 'number' || typeof value === 'boolean'
  return {
    message: 'must be text',
    remedy: isScalar ? 'put it in quotes' : 'write text',
    kind: true,
  }
}

/** For transforms: a problem instead of a value. */
export function refuse(context: z.RefinementCtx, refusal: Refusal): never {
  const { message, path = [], ...params } = refusal
  context.addIssue({ code: 'custom', message, path: [...path], params })
  return z.NEVER
}

/** Text that `read` turns into a value; its `ValueError`s become problems. */
export function read<T>(
  reader: (text: string) => T,
  options: { readonly description: string; readonly pattern?: string; readonly unit?: string },
): z.ZodType<T> {
  return z
    .unknown()
    .transform((value, context): T => {
      if (typeof value === 'number' && options.unit) {
        return refuse(context, {
          message: `a ${options.unit} needs a unit`,
          remedy: readerRemedy(reader),
        })
      }
      if (typeof value !== 'string') return refuse(context, notText(value))
      try {
        return reader(value)
      } catch (error) {
        if (!(error instanceof ValueError)) throw error
        return refuse(context, { message: error.message, remedy: error.remedy ?? '' })
      }
    })
    .meta({
      type: 'string',
      description: options.description,
      ...(options.pattern ? { pattern: orVariable(options.pattern) } : {}),
    })
}

function readerRemedy(reader: (text: string) => unknown): string {
  try {
    reader('1')
  } catch (error) {
    if (error instanceof ValueError) return error.remedy ?? ''
    throw error
  }
  return ''
}

export function duration(description: string): z.ZodType<number> {
  return read(parseDuration, { description, pattern: durationPattern.source, unit: 'duration' })
}
export function retentionDuration(description: string): z.ZodType<number> {
  const pattern = retentionDurationPattern.source
  return read(parseRetentionDuration, { description, pattern, unit: 'duration' })
}
export function size(description: string): z.ZodType<number> {
  return read(parseSize, { description, pattern: sizePattern.source, unit: 'size' })
}
export function rate(description: string): z.ZodType<number> {
  return read(parseRate, { description, pattern: '/ ?s$', unit: 'rate' })
}

/** A whole number; also as text of digits, which is what a variable gives. */
export function wholeNumber(
  description: string,
  range: { readonly min: number; readonly max: number },
): z.ZodType<number> {
  const { min, max } = range
  const wanted = `a whole number from ${min} to ${max}`
  return z
    .unknown()
    .transform((value, context) => {
      const number = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value
      if (
        typeof number === 'number' &&
        Number.isInteger(number) &&
        number >= min &&
        number <= max
      ) {
        return number
      }
      return refuse(context, {
        message: `must be ${wanted}`,
        remedy: `write ${wanted}`,
        kind: true,
      })
    })
    .meta({ anyOf: [{ type: 'integer', minimum: min, maximum: max }, variable], description })
}

/** true or false; also as text, which is what a variable gives. */
export function flag(description: string): z.ZodType<boolean> {
  return z
    .unknown()
    .transform((value, context) => {
      if (value === true || value === 'true') return true
      if (value === false || value === 'false') return false
      return refuse(context, {
        message: 'must be true or false',
        remedy: 'write true or false',
        kind: true,
      })
    })
    .meta({ anyOf: [{ type: 'boolean' }, variable], description })
}

export function choice<const T extends readonly [string, ...string[]]>(
  values: T,
  description: string,
): z.ZodType<T[number]> {
  return z.enum(values).describe(description) as unknown as z.ZodType<T[number]>
}

export const namePattern: RegExp = /^[a-z0-9][a-z0-9-]{0,62}$/
const nameRemedy = 'use small letters, digits and dashes, a letter or digit first, at most 63'

/** A name of the kind plans, storages, workers and limits have. */
export function name(description: string): z.ZodType<string> {
  return read(
    (value) => {
      if (namePattern.test(value)) return value
      throw new ValueError('not a name', { remedy: nameRemedy })
    },
    { description, pattern: namePattern.source },
  )
}

/** As the key of a mapping. */
export const nameKey: z.ZodType<string, string> = z.string().regex(namePattern, nameRemedy)

export function absolutePath(description: string): z.ZodType<string> {
  return read(checkAbsolutePath, { description, pattern: '^/' })
}

function checkAbsolutePath(value: string): string {
  if (isAbsolute(value) && !value.includes('\0')) return value
  const remedy = value.startsWith('~')
    ? '~ is not expanded: write the whole path'
    : 'write the whole path, beginning with /'
  throw new ValueError('not an absolute path', { remedy })
}

export function timezone(description: string, check: (name: string) => void): z.ZodType<string> {
  return read(
    (value) => {
      check(value)
      return value
    },
    { description },
  )
}

/** `http` and `https`. */
export function webUrl(description: string): z.ZodType<string> {
  return read(
    (value) => {
      const url = URL.canParse(value) ? new URL(value) : undefined
      if (url?.protocol === 'https:' || url?.protocol === 'http:') return value.replace(/\/+$/, '')
      throw new ValueError('not an address', { remedy: 'write it whole: https://s3.example.com' })
    },
    { description, pattern: '^https?://' },
  )
}

export function list<T>(item: z.ZodType<T>, description: string): z.ZodType<T[]> {
  return z.array(item).describe(description)
}

/** A list that is either left out or says something. */
export function filledList<T>(item: z.ZodType<T>, description: string): z.ZodType<T[]> {
  return z.array(item).min(1).describe(description)
}

/** `{ env: NAME }` or `{ file: PATH }`; text is taken as it is, since `${NAME}` is expanded before. */
export function secret(description: string): z.ZodType<SecretRef> {
  const reference = secretReference('').transform((ref): SecretRef => ref)
  const plain = text('').transform((value): SecretRef => ({ value }))
  return z.union([reference, plain]).describe(description) as z.ZodType<SecretRef>
}

/** Only `{ env: NAME }` or `{ file: PATH }`. */
export function secretReference(
  description: string,
): z.ZodType<{ readonly env: string } | { readonly file: string }> {
  return keys({
    env: read(checkVariableName, {
      description: 'Name of the environment variable that holds it; read when it is needed',
    }).optional(),
    file: absolutePath(
      'File that holds it; one newline at its end does not count; read when it is needed',
    ).optional(),
  })
    .describe(description)
    .transform((ref, context) => {
      if (ref.env !== undefined && ref.file === undefined) return { env: ref.env }
      if (ref.file !== undefined && ref.env === undefined) return { file: ref.file }
      return refuse(context, {
        message: 'a secret is either { env: NAME } or { file: PATH }',
        remedy: 'name exactly one of env and file',
      })
    })
}

function checkVariableName(value: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(value)) return value
  throw new ValueError('not a name of an environment variable', {
    remedy: 'write its name alone, without $: { env: S3_SECRET_KEY }',
  })
}

/** Exactly one of these keys must be there; answers which. */
export function exactlyOne<K extends string>(
  value: Readonly<Partial<Record<K, unknown>>>,
  names: readonly K[],
): K | undefined {
  const present = names.filter((candidate) => value[candidate] !== undefined)
  return present.length === 1 ? present[0] : undefined
}
