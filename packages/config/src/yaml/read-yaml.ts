import { type Document, LineCounter, type Node, parseDocument, visit, type YAMLError } from 'yaml'
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
  const reading = { text, report, positionAt }
  if (reportErrors(document.errors, reading)) return undefined
  const walk = new YamlWalk({ ...reading, anchors: collectAnchors(document) })
  const tree = walk.read(document.contents)
  // Where a warning concerns a key, the walk has said it better.
  reportErrors(document.warnings, reading)
  return tree
}

const start: Position = { line: 1, column: 1 }

function parse(text: string, lines: LineCounter, report: ProblemReport): Document | undefined {
  try {
    const document = parseDocument(text, {
      version: '1.2',
      merge: true,
      // Its check compares each key with each other; the walk looks them up.
      uniqueKeys: false,
      prettyErrors: false,
      logLevel: 'error',
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

/** True when there was one: then the structure cannot be trusted. */
function reportErrors(errors: readonly YAMLError[], reading: Reading): boolean {
  for (const [nth, error] of errors.entries()) {
    const { isVague, ...explained } = explainYamlError(error, reading.text)
    const at = reading.positionAt(explained.offset)
    // One slip makes the parser stumble several times, on the same line or later; the first says it.
    if ((isVague && nth > 0) || reading.report.hasErrorOnLine(at.line)) continue
    reading.report.textError(at, explained)
  }
  return errors.length > 0
}

/** Every node that an alias can refer to, by name, in the order of the file. */
function collectAnchors(document: Document): Map<string, Node[]> {
  const anchors = new Map<string, Node[]>()
  visit(document, {
    Value: (_, node) => {
      if (node.anchor) anchors.set(node.anchor, [...(anchors.get(node.anchor) ?? []), node])
    },
  })
  return anchors
}
