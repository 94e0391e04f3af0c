import { type Document, LineCounter, parseDocument } from 'yaml'
import type { Position, ProblemReport } from '../problem-report.ts'
import { explainYamlError } from './known-mistakes.ts'
import { YamlWalk } from './walk-yaml.ts'

const maxCharacters = 1024 * 1024

/**
 * Plain maps, lists and scalars of a YAML 1.2 text (core schema plus `<<`), with the place of every
 * one told to `report`; strings are not expanded yet, and keys beginning `x-` are gone.
 *
 * Undefined when the text cannot be read; then `report` says why.
 */
export function readYaml(text: string, report: ProblemReport): unknown {
  if (text.length > maxCharacters) {
    report.textError(start, {
      message: 'the file is larger than 1 MiB',
      remedy: 'use `defaults`, `each` or anchors instead of repeating plans',
    })
    return undefined
  }
  const lines = new LineCounter()
  const positionAt = (offset: number): Position => {
    const { line, col } = lines.linePos(Math.min(Math.max(offset, 0), text.length))
    return { line: Math.max(line, 1), column: Math.max(col, 1) }
  }
  const document = parse(text, lines, report)
  if (!document) return undefined
  const isBroken = reportErrors(document, { text, report, positionAt })
  return isBroken ? undefined : new YamlWalk({ text, report, positionAt }).read(document.contents)
}

const start: Position = { line: 1, column: 1 }

function parse(text: string, lines: LineCounter, report: ProblemReport): Document | undefined {
  try {
    const document = parseDocument(text, {
      version: '1.2',
      merge: true,
      prettyErrors: false,
      logLevel: 'silent',
      lineCounter: lines,
    })
    if (document.directives?.yaml.explicit && document.directives.yaml.version !== '1.2') {
      report.textError(start, {
        message: 'this is YAML 1.2; the file asks for another version',
        remedy: 'remove the %YAML line',
      })
      return undefined
    }
    return document as Document
  } catch (error) {
    // The parser is recursive: nesting without end exhausts the stack, and that is the file's fault.
    report.textError(start, {
      message: error instanceof RangeError ? 'nested too deeply' : 'not readable as YAML',
      remedy: 'write the file as nested keys, as in the examples',
    })
    return undefined
  }
}

interface Reading {
  readonly text: string
  readonly report: ProblemReport
  readonly positionAt: (offset: number) => Position
}

/** True when the structure cannot be trusted; keys written twice leave it sound. */
function reportErrors(document: Document, reading: Reading): boolean {
  const seen = new Set<number>()
  let isBroken = false
  for (const error of [...document.errors, ...document.warnings]) {
    isBroken ||= error.code !== 'DUPLICATE_KEY' && error.code !== 'TAG_RESOLVE_FAILED'
    const explained = explainYamlError(error, reading.text)
    const at = reading.positionAt(explained.offset)
    // One slip makes the parser stumble several times on the same line; the first says it.
    if (seen.has(at.line)) continue
    seen.add(at.line)
    reading.report.textError(at, explained)
  }
  return isBroken
}
