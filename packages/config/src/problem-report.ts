/** Something wrong or worth knowing in a configuration. Never holds a value of a secret. */
export interface ConfigProblem {
  readonly file: string
  /** Counted from 1. */
  readonly line: number
  readonly column: number
  /** Dotted, as in `plans.shop.sources[1].at`; '' when it concerns the file as a whole. */
  readonly key: string
  readonly message: string
  readonly remedy: string
  readonly severity: 'error' | 'notice'
}

export type Path = readonly (string | number)[]

export interface Position {
  readonly line: number
  readonly column: number
}

export interface Finding {
  readonly message: string
  readonly remedy: string
}

/** Collects the problems of one file and knows where each key of it lies. */
export class ProblemReport {
  readonly #file: string
  readonly #problems = new Map<string, ConfigProblem>()
  readonly #keys = new Map<string, Position>()
  readonly #values = new Map<string, Position>()
  readonly #settled = new Set<string>()
  readonly #errorLines = new Set<number>()
  readonly #expanded = new Set<string>()
  readonly #empty = new Set<string>()

  constructor(file: string) {
    this.#file = file
  }

  place(path: Path, position: { readonly key?: Position; readonly value: Position }): void {
    const id = idOf(path)
    if (position.key) this.#keys.set(id, position.key)
    this.#values.set(id, position.value)
  }

  /** For sorting keys by where they are written: objects put those that look like numbers first. */
  compare(a: Path, b: Path): number {
    return byPlace(this.#keyPlace(a), this.#keyPlace(b))
  }

  /** A problem of what stands at `path`. Ignored where something worse was said already. */
  error(path: Path, finding: Finding): void {
    if (!this.#isSettled(path)) this.#add('error', { ...finding, path, at: this.#find(path) })
  }

  /** A problem of the key itself: unknown, unwanted, badly named. */
  keyError(path: Path, finding: Finding): void {
    if (this.#isSettled(path)) return
    const at = this.#keyPlace(path)
    this.#add('error', { ...finding, path, at })
  }

  notice(path: Path, finding: Finding): void {
    const at = this.#keyPlace(path)
    this.#add('notice', { ...finding, path, at })
  }

  /** A problem of the text, before any key is known. */
  textError(at: Position, finding: Finding): void {
    this.#add('error', { ...finding, path: [], at })
  }

  /** Says an error about `path` and keeps later ones about it, which could only follow from it, quiet. */
  settle(path: Path, finding: Finding): void {
    this.#add('error', { ...finding, path, at: this.#find(path) })
    this.#settled.add(idOf(path))
  }

  /** The value at `path` holds text from the environment, so it must not be shown. */
  markExpanded(path: Path): void {
    this.#expanded.add(idOf(path))
  }

  isExpanded(path: Path): boolean {
    return this.#expanded.has(idOf(path))
  }

  /** The key at `path` is followed by nothing. */
  markEmpty(path: Path): void {
    this.#empty.add(idOf(path))
  }

  isEmpty(path: Path): boolean {
    return this.#empty.has(idOf(path))
  }

  hasErrorOnLine(line: number): boolean {
    return this.#errorLines.has(line)
  }

  get hasErrors(): boolean {
    return this.#errorLines.size > 0
  }

  /** Sorted by place. */
  get problems(): ConfigProblem[] {
    return [...this.#problems.values()].sort(byPlace)
  }

  #add(
    severity: ConfigProblem['severity'],
    found: Finding & { readonly path: Path; readonly at: Position },
  ): void {
    const { message, remedy, at } = found
    const key = formatPath(found.path)
    const problem = { file: this.#file, ...at, key, message, remedy, severity }
    // One mistake in `defaults`, in an anchor or beside `each` is met many times and said once.
    const id = JSON.stringify([at.line, at.column, found.path.at(-1), message])
    if (!this.#problems.has(id)) this.#problems.set(id, problem)
    if (severity === 'error') this.#errorLines.add(at.line)
  }

  #find(path: Path): Position {
    for (let length = path.length; length >= 0; length -= 1) {
      const id = idOf(path.slice(0, length))
      // What is missing is reported where the key above it stands.
      const at =
        length === path.length ? this.#values.get(id) : (this.#keys.get(id) ?? this.#values.get(id))
      if (at) return at
    }
    return { line: 1, column: 1 }
  }

  #keyPlace(path: Path): Position {
    return this.#keys.get(idOf(path)) ?? this.#find(path)
  }

  #isSettled(path: Path): boolean {
    if (this.#settled.size === 0) return false
    return path.some((_, index) => this.#settled.has(idOf(path.slice(0, index + 1))))
  }
}

function byPlace(a: Position, b: Position): number {
  return a.line - b.line || a.column - b.column
}

function idOf(path: Path): string {
  return JSON.stringify(path)
}

export function formatPath(path: Path): string {
  return path
    .map((part, index) =>
      typeof part === 'number' ? `[${part}]` : index === 0 ? part : `.${part}`,
    )
    .join('')
}

/** For a terminal: `file:line:column  key: message`, each followed by what to do about it. */
export function formatProblems(problems: readonly ConfigProblem[]): string {
  return problems
    .map((problem) => {
      const where = `${problem.file}:${problem.line}:${problem.column}`
      const what = problem.key ? `${problem.key}: ${problem.message}` : problem.message
      const severity = problem.severity === 'notice' ? 'note: ' : ''
      return `${where}  ${severity}${what}${problem.remedy ? `\n    → ${problem.remedy}` : ''}`
    })
    .join('\n')
}
