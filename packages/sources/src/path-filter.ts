import ignore, { type Ignore } from 'ignore'

export interface PathFilterOptions {
  readonly exclude: readonly string[]
  /** Empty: everything. */
  readonly include: readonly string[]
}

/**
 * Decides by patterns that follow .gitignore. Paths are relative to the source's root, with `/`, and
 * asked for from the top down: what lies in an excluded directory is never asked for.
 */
export interface PathFilter {
  isExcluded(path: string, isDirectory: boolean): boolean
  /** True for what an `include` pattern names, and what lies below it. */
  isIncluded(path: string, isDirectory: boolean): boolean
  /** True when there are `include` patterns: a directory may be walked though it is not included. */
  readonly isSelective: boolean
}

export function createPathFilter({ exclude, include }: PathFilterOptions): PathFilter {
  const excludes = createMatcher(exclude)
  const includes = createMatcher(include)
  return {
    isSelective: include.length > 0,
    isExcluded: (path, isDirectory) => excludes(path, isDirectory),
    isIncluded: (path, isDirectory) => include.length === 0 || includes(path, isDirectory),
  }
}

/** The library remembers every path it was asked for; a fresh one now and then bounds that. */
const asksPerMatcher = 20_000

function createMatcher(
  patterns: readonly string[],
): (path: string, isDirectory: boolean) => boolean {
  if (patterns.length === 0) return () => false
  const compile = (): Ignore => ignore({ ignorecase: false }).add(patterns)
  let matcher = compile()
  let asked = 0
  return (path, isDirectory) => {
    asked++
    if (asked % asksPerMatcher === 0) matcher = compile()
    return matcher.ignores(isDirectory ? `${path}/` : path)
  }
}
