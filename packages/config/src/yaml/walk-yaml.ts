import {
  type Alias,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Scalar,
  type YAMLMap,
} from 'yaml'
import type { Path, Position, ProblemReport } from '../problem-report.ts'
import { unquotedStar, unquotedTag } from './known-mistakes.ts'

/** Far above any real configuration; what an alias bomb meets instead of all memory. */
const maxNodes = 200_000
const maxDepth = 64

/** Below these, a key beginning `x-` is somebody else's name and not a comment. */
const freeNames = new Set(['env', 'tags', 'headers'])
const coreTag = /^tag:yaml\.org,2002:(str|int|float|bool|null|map|seq)$/

interface Entry {
  readonly keyNode: Node
  readonly value: unknown
}

/** Turns YAML nodes into plain values, resolving anchors and `<<`, and tells where each one lies. */
export class YamlWalk {
  readonly #text: string
  readonly #report: ProblemReport
  readonly #positionAt: (offset: number) => Position
  readonly #anchors: ReadonlyMap<string, readonly Node[]>
  readonly #open = new Set<Node>()
  #nodes = 0

  constructor(options: {
    readonly text: string
    readonly report: ProblemReport
    readonly positionAt: (offset: number) => Position
    readonly anchors: ReadonlyMap<string, readonly Node[]>
  }) {
    this.#text = options.text
    this.#report = options.report
    this.#positionAt = options.positionAt
    this.#anchors = options.anchors
  }

  /** Undefined when the whole is too large to be meant. */
  read(root: unknown): unknown {
    const value = this.#walk(root, [])
    if (this.#nodes <= maxNodes) return value
    this.#report.textError(
      { line: 1, column: 1 },
      { message: 'the anchors of this file multiply without end', remedy: 'use fewer references' },
    )
    return undefined
  }

  #walk(node: unknown, path: Path, key?: Node): unknown {
    this.#nodes += 1
    if (this.#nodes > maxNodes) return null
    const at = this.#position(node) ?? this.#position(key)
    if (at) this.#report.place(path, { value: at, ...this.#keyPosition(key) })
    if (isAlias(node)) return this.#walkAlias(node, path, key)
    if (isEmptyScalar(node)) this.#report.markEmpty(path)
    if (!isNode(node)) return null
    if (this.#refuse(node, path)) return null
    this.#open.add(node)
    const value = this.#convert(node, path)
    this.#open.delete(node)
    return value
  }

  #refuse(node: Node, path: Path): boolean {
    if (path.length > maxDepth) {
      this.#report.settle(path, { message: 'nested too deeply', remedy: 'write less nesting' })
      return true
    }
    if (!isForeign(node)) return false
    const start = this.#text.lastIndexOf('!', node.range?.[0])
    this.#report.place(path, {
      value: this.#positionAt(this.#text[start - 1] === '!' ? start - 1 : start),
    })
    this.#report.settle(path, unquotedTag)
    return true
  }

  #walkAlias(alias: Alias, path: Path, key?: Node): unknown {
    const target = this.#resolve(alias, path)
    return target === undefined ? null : this.#walk(target, path, key)
  }

  #resolve(alias: Alias, path: Path): Node | undefined {
    const before = alias.range?.[0] ?? 0
    const target = this.#anchors
      .get(alias.source)
      ?.findLast((node) => (node.range?.[0] ?? 0) < before)
    if (!target) this.#report.settle(path, unquotedStar(`*${alias.source}`))
    else if (this.#open.has(target)) {
      this.#report.settle(path, {
        message: `*${alias.source} stands inside what it refers to`,
        remedy: 'refer to something that is complete',
      })
      return undefined
    }
    return target
  }

  #convert(node: Node, path: Path): unknown {
    if (isMap(node)) return this.#walkMap(node, path)
    if (isSeq(node)) return node.items.map((item, index) => this.#walk(item, [...path, index]))
    const value = isScalar(node) ? node.value : undefined
    if (value === null || ['string', 'number', 'boolean'].includes(typeof value)) return value
    this.#report.settle(path, { message: 'not a value', remedy: 'put it in quotes' })
    return null
  }

  #walkMap(map: YAMLMap, path: Path): Record<string, unknown> {
    const result: Record<string, unknown> = {}
    const isFree = freeNames.has(String(path.at(-1)))
    for (const [key, entry] of this.#entries(map, path)) {
      const value = this.#walk(entry.value, [...path, key], entry.keyNode)
      if (isFree || !key.startsWith('x-')) result[key] = value
      else if (path.length === 1) this.#noteIgnored([...path, key])
    }
    return result
  }

  #noteIgnored(path: Path): void {
    this.#report.notice(path, {
      message: 'ignored, as every key that begins with x-',
      remedy: 'rename it if it is meant to be used',
    })
  }

  /** Own keys first, then those of `<<` that are not among them. */
  #entries(map: YAMLMap, path: Path): Map<string, Entry> {
    const entries = new Map<string, Entry>()
    const merged: unknown[] = []
    for (const pair of map.items) {
      if (isMergeKey(pair.key))
        merged.push(...(isSeq(pair.value) ? pair.value.items : [pair.value]))
      else {
        const key = this.#keyText(pair.key, path)
        if (key === undefined) continue
        if (entries.has(key)) this.#reportTwice(pair.key)
        entries.set(key, { keyNode: pair.key as Node, value: pair.value })
      }
    }
    for (const source of merged) this.#merge(source, path, entries)
    return entries
  }

  #reportTwice(key: unknown): void {
    const at = this.#position(key) ?? { line: 1, column: 1 }
    this.#report.textError(at, {
      message: 'this key is written twice',
      remedy: 'remove one of the two',
    })
  }

  #merge(source: unknown, path: Path, into: Map<string, Entry>): void {
    this.#nodes += 1
    if (this.#nodes > maxNodes) return
    const node = isAlias(source) ? this.#resolve(source, path) : source
    if (!isMap(node)) {
      const at = this.#position(source) ?? { line: 1, column: 1 }
      if (node !== undefined) {
        this.#report.textError(at, {
          message: '<< takes a mapping, or a list of them',
          remedy: 'write <<: *name, with &name before a mapping',
        })
      }
      return
    }
    this.#open.add(node)
    for (const [key, entry] of this.#entries(node, path)) if (!into.has(key)) into.set(key, entry)
    this.#open.delete(node)
  }

  #keyText(node: unknown, path: Path): string | undefined {
    const text = isScalar(node) && !isForeign(node) ? scalarText(node) : undefined
    if (text !== undefined && text !== '__proto__') return text
    const at = this.#position(node) ?? this.#position(undefined)
    const finding = {
      message: 'this cannot be a key',
      remedy: 'write a plain word before the colon',
    }
    if (at) this.#report.textError(at, finding)
    else this.#report.error(path, finding)
    return undefined
  }

  #keyPosition(key: Node | undefined): { key?: Position } {
    const at = this.#position(key)
    return at ? { key: at } : {}
  }

  #position(node: unknown): Position | undefined {
    const offset = isNode(node) || isAlias(node) ? node.range?.[0] : undefined
    if (offset === undefined) return undefined
    // An empty value has the place behind it, often on the next line: say where its key stands.
    if (isEmptyScalar(node)) return undefined
    return offset <= this.#text.length ? this.#positionAt(offset) : undefined
  }
}

function isNode(value: unknown): value is Node {
  return isMap(value) || isSeq(value) || isScalar(value)
}

function isEmptyScalar(node: unknown): boolean {
  return isScalar(node) && node.value === null && node.source === ''
}

function isForeign(node: Node): boolean {
  return node.tag !== undefined && !coreTag.test(node.tag)
}

function isMergeKey(key: unknown): boolean {
  if (!isScalar(key)) return false
  const isPlain = key.type === undefined || key.type === 'PLAIN'
  return typeof key.value === 'symbol' || (isPlain && key.value === '<<')
}

/** Numbers and words such as `true` keep the spelling of the file. */
function scalarText(key: Scalar): string | undefined {
  if (typeof key.value === 'string') return key.value
  if (key.value === null || key.value === undefined) return undefined
  return key.source
}
