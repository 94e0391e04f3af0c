import type { YAMLError } from 'yaml'
import type { Finding } from '../problem-report.ts'

export interface ExplainedError extends Finding {
  readonly offset: number
  /** The parser's own words: behind another mistake they are most likely its consequence. */
  readonly isVague?: true
}

/** What the parser's complaint most likely means, in words of the file, and where to look. */
export function explainYamlError(error: YAMLError, text: string): ExplainedError {
  const offset = error.pos[0]
  return (
    variableInFlow(text, offset) ?? tab(error, text) ?? star(error, text) ?? byCode(error, text)
  )
}

/** An alias that no anchor explains, or that stands where a value should: `*.log`, `*\/5 …`. */
export function unquotedStar(value: string): Finding {
  return {
    message: 'a value that begins with * must be quoted: to YAML it is a reference to an anchor',
    remedy: `put it in quotes: "${value}"`,
  }
}

export const unquotedTag: Finding = {
  message: 'a value that begins with ! must be quoted: to YAML it is a type name',
  remedy: 'put it in quotes: "!keep"',
}

function variableInFlow(text: string, offset: number): ExplainedError | undefined {
  const line = lineAround(text, offset)
  const at = text.indexOf('${', line.start)
  if (at < 0 || at >= line.end || offset < at || offset > at + 1) return undefined
  const name = /^\$\{[^}\n]*\}?/.exec(text.slice(at, line.end))?.[0] ?? `\${`
  return {
    offset: at,
    message: `${name} must be quoted inside { } or [ ]`,
    remedy: `write "${name}"`,
  }
}

function tab(error: YAMLError, text: string): ExplainedError | undefined {
  const line = lineAround(text, error.pos[0])
  const indent = /^[ \t]*/.exec(text.slice(line.start, line.end))?.[0] ?? ''
  if (!indent.includes('\t')) return undefined
  return {
    offset: line.start + indent.indexOf('\t'),
    message: 'a tab in the indentation; YAML wants spaces',
    remedy: 'indent with spaces',
  }
}

function star(error: YAMLError, text: string): ExplainedError | undefined {
  if (error.code !== 'UNEXPECTED_TOKEN' || !error.message.includes('alias')) return undefined
  const line = lineAround(text, error.pos[0])
  const first = /(?:^|[\s[{,])(\*)/.exec(text.slice(line.start, line.end))
  const offset = first ? line.start + first.index + first[0].length - 1 : error.pos[0]
  const value = /^[^#\],}]*/.exec(text.slice(offset, line.end))?.[0].trim()
  return { offset, ...unquotedStar(value ?? '*') }
}

function byCode(error: YAMLError, text: string): ExplainedError {
  const offset = error.pos[0]
  const character = text.charAt(offset)
  switch (error.code) {
    case 'TAG_RESOLVE_FAILED':
      return { offset, ...unquotedTag }
    case 'BAD_SCALAR_START':
      return {
        offset,
        message: `a value that begins with ${character} must be quoted`,
        remedy: `put it in quotes: "${character}…"`,
      }
    case 'MULTIPLE_DOCS':
      return {
        offset,
        message: 'the file holds several YAML documents',
        remedy: 'keep one; remove what follows the line ---',
      }
    case 'BLOCK_AS_IMPLICIT_KEY':
      return {
        offset,
        message: 'a second key on one line, or a value that holds ": "',
        remedy: 'put the value in quotes, or the key on a line of its own',
      }
    case 'MISSING_CHAR':
      return { offset, message: error.message, remedy: 'close the quote or bracket' }
    default:
      if (error.message.includes('call stack')) {
        return { offset, message: 'nested too deeply', remedy: 'write less nesting' }
      }
      return {
        offset,
        message: `not valid YAML: ${error.message}`,
        remedy: 'mend the YAML here',
        isVague: true,
      }
  }
}

function lineAround(text: string, offset: number): { start: number; end: number } {
  const start = text.lastIndexOf('\n', offset - 1) + 1
  const end = text.indexOf('\n', offset)
  return { start, end: end < 0 ? text.length : end }
}
