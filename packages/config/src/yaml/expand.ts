import type { Finding, Path, ProblemReport } from '../problem-report.ts'

export interface Expansion {
  readonly env: Readonly<Record<string, string | undefined>>
  /** What `${each}` stands for; null where it may not be used. */
  readonly each: string | null
  readonly report: ProblemReport
}

/**
 * The same tree with `${NAME}`, `${NAME:-default}`, `${NAME:?message}` and `$$` replaced in every
 * string value; keys are left alone, and what is inserted is never looked at again.
 */
export function expandTree(tree: unknown, path: Path, expansion: Expansion): unknown {
  if (typeof tree === 'string') return tree.includes('$') ? expandText(tree, path, expansion) : tree
  if (Array.isArray(tree)) {
    return tree.map((item, index) => expandTree(item, [...path, index], expansion))
  }
  if (typeof tree !== 'object' || tree === null) return tree
  return Object.fromEntries(
    Object.entries(tree).map(([key, value]) => [key, expandTree(value, [...path, key], expansion)]),
  )
}

const reference = /\$\$|\$\{([^}]*)(\}?)/g

function expandText(text: string, path: Path, expansion: Expansion): string {
  return text.replace(reference, (whole: string, inside: string, close: string) => {
    if (whole === '$$') return '$'
    if (inside === 'each' && expansion.each !== null) return expansion.each
    expansion.report.markExpanded(path)
    const value = close === '' ? malformed(whole) : lookUp(inside, expansion)
    if (typeof value === 'string') return value
    expansion.report.settle(path, value)
    return ''
  })
}

function lookUp(inside: string, expansion: Expansion): string | Finding {
  const match = /^([A-Za-z_][A-Za-z0-9_]*)(?::([-?])([\s\S]*))?$/.exec(inside)
  const name = match?.[1]
  if (!match || name === undefined || inside.includes('${')) return malformed(`\${${inside}}`)
  const [, , operator, rest = ''] = match
  const value = Object.hasOwn(expansion.env, name) ? expansion.env[name] : undefined
  if (operator === undefined && value !== undefined) return value
  if (operator !== undefined && value) return value
  if (operator === '-') return rest
  if (name === 'each') {
    return {
      message: `\${each} is only known inside a plan that has "each"`,
      remedy: 'add each: [one, two] to the plan',
    }
  }
  const why = operator === '?' && rest ? `: ${rest}` : ''
  return {
    message: `the environment variable ${name} is not set${why}`,
    remedy: `set ${name}, or give it a default: \${${name}:-…}`,
  }
}

function malformed(text: string): Finding {
  return {
    // Only the beginning: a default may be a secret.
    message: `${text.slice(0, 30).split(':')[0]}… is not a variable`,
    remedy: `write \${NAME}, \${NAME:-default} or \${NAME:?message}; a literal $ is $$`,
  }
}
