import type * as z from 'zod'
import { nearest } from '../nearest.ts'
import type { Finding, Path, ProblemReport } from '../problem-report.ts'
import { explainUnknownKey } from './keys.ts'

type Issue = z.core.$ZodIssue

/**
 * The value a schema makes of `input`, or undefined after its problems were reported at `path`.
 * What is reported never repeats the input.
 */
export function readValue<T>(
  schema: z.ZodType<T>,
  input: unknown,
  at: { readonly path: Path; readonly report: ProblemReport },
): T | undefined {
  const result = schema.safeParse(input, { reportInput: true })
  if (result.success) return result.data
  for (const issue of result.error.issues.flatMap((issue) => flatten(issue, []))) {
    const path = [...at.path, ...(issue.path as Path)]
    const unknown = unknownOf(issue)
    if (unknown) at.report.keyError(path, explainUnknownKey(String(path.at(-1)), unknown))
    else if (issue.code === 'invalid_key') at.report.keyError(path, explain(issue))
    else at.report.error(path, explain(issue))
  }
  return undefined
}

function unknownOf(issue: Issue): Parameters<typeof explainUnknownKey>[1] | undefined {
  return issue.code === 'custom' ? issue.params?.['unknown'] : undefined
}

/** The issues of the alternative that was meant: the one whose outer type fits. */
function flatten(issue: Issue, prefix: PropertyKey[]): Issue[] {
  const path = [...prefix, ...issue.path]
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return [{ ...issue, path }]
  const branches = issue.errors.filter((errors) => !errors.some(isOuterType))
  const meant = branches.toSorted((a, b) => a.length - b.length)[0]
  if (!meant) return [{ ...issue, path }]
  return meant.flatMap((inner) => flatten(inner, path))
}

function isOuterType(issue: Issue): boolean {
  if (issue.path.length > 0) return false
  if (issue.code === 'invalid_value') return typeof issue.input !== 'string'
  return issue.code === 'invalid_type' || isWrongKind(issue)
}

function isWrongKind(issue: Issue): boolean {
  return issue.code === 'custom' && issue.params?.['kind'] === true
}

function explain(issue: Issue): Finding {
  switch (issue.code) {
    case 'custom':
      return { message: issue.message, remedy: String(issue.params?.['remedy'] ?? '') }
    case 'invalid_type':
      return explainType(issue)
    case 'invalid_value':
      return explainChoice(issue.values.map(String), issue.input)
    case 'invalid_union':
      return explainUnion(issue)
    case 'too_small':
      return { message: 'is empty', remedy: 'name at least one, or leave the key out' }
    case 'invalid_key':
      return {
        message: 'not a name',
        remedy: String(issue.issues[0]?.message ?? 'use small letters, digits and dashes'),
      }
    default:
      return { message: issue.message, remedy: 'see the documentation of this key' }
  }
}

const typeNames: Readonly<Record<string, string>> = {
  object: 'a mapping (key: value)',
  record: 'a mapping (name: value)',
  array: 'a list',
  string: 'text',
  number: 'a number',
  boolean: 'true or false',
}

function explainType(issue: z.core.$ZodIssueInvalidType): Finding {
  const wanted = typeNames[issue.expected] ?? issue.expected
  if (issue.input === undefined) return { message: 'is missing', remedy: `add it: ${wanted}` }
  return { message: `must be ${wanted}`, remedy: `write ${wanted}` }
}

function explainChoice(values: readonly string[], input: unknown): Finding {
  if (input === undefined) return { message: 'is missing', remedy: `write ${orList(values)}` }
  const close = typeof input === 'string' ? nearest(input, values) : undefined
  return {
    message: `must be ${orList(values)}`,
    remedy: close ? `did you mean ${close}?` : `write ${orList(values)}`,
  }
}

function explainUnion(issue: z.core.$ZodIssueInvalidUnion): Finding {
  if ('options' in issue && issue.options)
    return explainChoice(issue.options.map(String), issue.input)
  if (issue.input === undefined) return { message: 'is missing', remedy: 'add it' }
  const wanted = [
    ...new Set(
      issue.errors.flat().flatMap((inner) => {
        if (inner.code === 'invalid_type') return [typeNames[inner.expected] ?? inner.expected]
        return isWrongKind(inner) ? [inner.message.replace(/^must be /, '')] : []
      }),
    ),
  ].filter((name) => name !== 'null')
  return { message: `must be ${orList(wanted)}`, remedy: `write ${orList(wanted)}` }
}

function orList(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`
}
