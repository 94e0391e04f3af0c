import { XMLBuilder, XMLParser } from 'fast-xml-parser'
import { S3Error } from './s3-error.ts'

export type XmlValue =
  | string
  | number
  | boolean
  | undefined
  | { readonly [name: string]: XmlValue }
  | readonly XmlValue[]

const namespace = 'http://s3.amazonaws.com/doc/2006-03-01/'

const builder = new XMLBuilder({
  ignoreAttributes: false,
  processEntities: false,
  tagValueProcessor: (_name, value) => escapeText(String(value)),
})

// Entities are decoded below: the parser's own decoding stops at a total that 10,000 quoted ETags
// exceed.
const parser = new XMLParser({
  ignoreAttributes: true,
  parseTagValue: false,
  trimValues: false,
  processEntities: false,
  removeNSPrefix: true,
  ignoreDeclaration: true,
  ignorePiTags: true,
})

/** One document with S3's namespace. Fields that are undefined are left out. */
export function buildXml(root: string, content: { readonly [name: string]: XmlValue }): string {
  return document({ [root]: { '@_xmlns': namespace, ...content } })
}

/** Error documents have no namespace. */
export function buildErrorXml(content: { readonly [name: string]: XmlValue }): string {
  return document({ Error: content })
}

/** Throws `MalformedXML` unless the text is well-formed, without DOCTYPE, and its root is `root`. */
export function parseXml(text: string, root: string): XmlElement {
  if (text.includes('<!DOCTYPE')) throw new S3Error('MalformedXML')
  let parsed: unknown
  try {
    parsed = parser.parse(text, true)
  } catch (cause) {
    throw new S3Error('MalformedXML', { cause })
  }
  const content = isRecord(parsed) ? parsed[root] : undefined
  if (content === undefined) throw new S3Error('MalformedXML')
  return new XmlElement(content)
}

/** Read access to a parsed element. Whitespace between elements is dropped, in values it is kept. */
export class XmlElement {
  readonly #content: unknown

  constructor(content: unknown) {
    this.#content = content
  }

  all(name: string): XmlElement[] {
    const found = isRecord(this.#content) ? this.#content[name] : undefined
    if (found === undefined) return []
    return (Array.isArray(found) ? found : [found]).map((content) => new XmlElement(content))
  }

  /** Throws `MalformedXML` when the element occurs more than once. */
  child(name: string): XmlElement | undefined {
    const found = this.all(name)
    if (found.length > 1) throw new S3Error('MalformedXML')
    return found[0]
  }

  text(name: string): string | undefined {
    const element = this.child(name)
    if (!element) return undefined
    const content = element.#content
    if (typeof content !== 'string') throw new S3Error('MalformedXML')
    return unescapeText(content)
  }

  requiredText(name: string): string {
    const text = this.text(name)
    if (text === undefined) throw new S3Error('MalformedXML')
    return text
  }
}

function document(content: object): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${builder.build(content)}`
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const named: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
}

// Control characters go out as references, as S3 sends them, though XML 1.0 knows only three of them.
function escapeText(text: string): string {
  return text.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: keys may hold them
    /[&<>"\u0000-\u001f\u007f\ufffe\uffff]/g,
    (char) => named[char] ?? `&#x${char.charCodeAt(0).toString(16)};`,
  )
}

function unescapeText(text: string): string {
  return text.replace(/&(#x[0-9a-f]{1,6}|#\d{1,7}|\w{1,8});/gi, (whole, name: string) => {
    if (name.startsWith('#')) return fromCodePoint(name.slice(1))
    const known = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }[name]
    return known ?? whole
  })
}

function fromCodePoint(digits: string): string {
  const code = /^x/i.test(digits) ? Number.parseInt(digits.slice(1), 16) : Number(digits)
  if (code > 0x10ffff) throw new S3Error('MalformedXML')
  return String.fromCodePoint(code)
}
