import { getuid } from 'node:process'
import {
  type Arbitrary,
  array,
  constantFrom,
  integer,
  letrec,
  oneof,
  record,
  tuple,
} from 'fast-check'
import type { Tree, TreeContent, TreeEntry } from './tree.ts'

export interface TreeArbitraryOptions {
  /** Names that are not UTF-8, as Linux allows. Default false: an archive's paths are text. */
  readonly nonUtf8Names?: boolean
  /** Largest file, bytes. Default 4 MiB + 1. */
  readonly maxFileBytes?: number
}

/**
 * Trees that hold what breaks archivers: names that look like options, hold newlines or take all
 * 255 bytes, paths past the limits of tar's old headers, sizes around block and frame boundaries,
 * links of every kind, empty folders, odd modes, and times with fractions or before 1970.
 */
export function treeArbitrary(options: TreeArbitraryOptions = {}): Arbitrary<Tree> {
  return folderArbitrary(options).map((nodes) => flatten(nodes))
}

type Node =
  | { readonly kind: 'file'; readonly content: TreeContent; readonly meta: Metadata }
  | { readonly kind: 'symlink'; readonly target: Buffer; readonly meta: Metadata }
  | { readonly kind: 'link'; readonly nth: number }
  | { readonly kind: 'directory'; readonly children: readonly Named[]; readonly meta: Metadata }
type Named = { readonly name: Buffer; readonly node: Node }
interface Metadata {
  readonly mode: number
  readonly mtimeSeconds: number
}

function folderArbitrary(options: TreeArbitraryOptions): Arbitrary<readonly Named[]> {
  const name = nameArbitrary(options)
  const { children } = letrec<{ node: Node; children: readonly Named[] }>((tie) => ({
    node: oneof(
      { depthSize: 'small', withCrossShrink: true },
      { weight: 6, arbitrary: fileArbitrary(options.maxFileBytes ?? 4_194_305) },
      { weight: 2, arbitrary: symlinkArbitrary },
      {
        weight: 2,
        arbitrary: record({
          kind: constantFrom('link' as const),
          nth: integer({ min: 0, max: 50 }),
        }),
      },
      { weight: 3, arbitrary: directoryArbitrary(tie('children')) },
    ),
    children: array(record({ name, node: tie('node') }), { maxLength: 8 }).map(withDistinctNames),
  }))
  return children
}

function directoryArbitrary(children: Arbitrary<readonly Named[]>): Arbitrary<Node> {
  const mode = constantFrom(0o755, 0o700, 0o750, 0o1777, 0o2775, ...(isRoot ? [0, 0o555] : []))
  return record({
    kind: constantFrom('directory' as const),
    children,
    meta: metadataArbitrary(mode),
  })
}

function fileArbitrary(maxFileBytes: number): Arbitrary<Node> {
  const small = [0, 1, 511, 512, 513, 1023, 1024, 10_240]
  const middle = [65_535, 65_536, 65_537]
  const large = [4_194_303, 4_194_304, 4_194_305].filter((bytes) => bytes <= maxFileBytes)
  const content = record({
    bytes: oneof(
      { weight: 20, arbitrary: constantFrom(...small) },
      { weight: 10, arbitrary: integer({ min: 0, max: 3000 }) },
      { weight: 6, arbitrary: constantFrom(...middle) },
      ...(large.length > 0 ? [{ weight: 1, arbitrary: constantFrom(...large) }] : []),
    ),
    seed: integer({ min: 0, max: 1_000_000 }),
    like: constantFrom('zeros' as const, 'text' as const, 'noise' as const),
  })
  const mode = constantFrom(
    0o644,
    0o600,
    0o755,
    0o444,
    0o4755,
    0o2755,
    0o1644,
    ...(isRoot ? [0] : []),
  )
  return record({ kind: constantFrom('file' as const), content, meta: metadataArbitrary(mode) })
}

const targets: readonly string[] = [
  '.',
  '..',
  'missing',
  '../../../../etc/passwd',
  '/etc/hostname',
  '/nonexistent/absolute',
  'with space\nand newline',
  './a/./b/../c',
  't'.repeat(99),
  't'.repeat(101),
  `${'long/'.repeat(60)}end`,
]
const symlinkArbitrary: Arbitrary<Node> = record({
  kind: constantFrom('symlink' as const),
  target: constantFrom(...targets).map((target) => Buffer.from(target)),
  meta: metadataArbitrary(constantFrom(0o777)),
})

function metadataArbitrary(mode: Arbitrary<number>): Arbitrary<Metadata> {
  const seconds = oneof(
    { weight: 8, arbitrary: integer({ min: 1_000_000_000, max: 2_000_000_000 }) },
    { weight: 1, arbitrary: constantFrom(0, 1, 2_147_483_647, 2_147_483_648) },
    { weight: 1, arbitrary: integer({ min: -1_000_000_000, max: -1 }) },
  )
  const fraction = oneof(
    constantFrom(0, 0.5, 0.999_999),
    integer({ min: 0, max: 999_999 }).map((us) => us / 1e6),
  )
  const mtimeSeconds = tuple(seconds, fraction).map(([whole, part]) => whole + part)
  return record({ mode, mtimeSeconds })
}

const oddNames: readonly string[] = [
  '-rf',
  '--help',
  '-',
  '...',
  '.hidden',
  ' leading',
  'trailing ',
  'new\nline',
  'tab\there',
  'carriage\rreturn',
  'back\\slash',
  '*',
  '?[x]',
  '!not',
  '#comment',
  '$HOME',
  '"quoted\'',
  '%s%n',
  'a=b',
  '\u0001\u007f',
  'caf\u00e9',
  'cafe\u0301',
  '\u{1f4be} disk',
  '\u{1f468}\u200d\u{1f469}\u200d\u{1f467}',
  'PaxHeaders.0',
  'con',
  'n'.repeat(100),
  'n'.repeat(255),
  `${'\u00fc'.repeat(127)}x`,
  `${'\u{1f4be}'.repeat(63)}abc`,
]

function nameArbitrary(options: TreeArbitraryOptions): Arbitrary<Buffer> {
  const plain = tuple(constantFrom('a', 'b', 'file', 'Data'), integer({ min: 0, max: 99 })).map(
    ([start, number]) => Buffer.from(`${start}${number}`),
  )
  const odd = constantFrom(...oddNames).map((name) => Buffer.from(name))
  const notUtf8 = constantFrom(Buffer.from([0xff, 0xfe, 0x61]), Buffer.from('caf\u00e9', 'latin1'))
  const choices = [
    { weight: 5, arbitrary: plain },
    { weight: 5, arbitrary: odd },
  ]
  if (options.nonUtf8Names) choices.push({ weight: 1, arbitrary: notUtf8 })
  return oneof(...choices)
}

const isRoot = getuid?.() === 0

function withDistinctNames(children: readonly Named[]): readonly Named[] {
  return [...new Map(children.map((child) => [child.name.toString('latin1'), child])).values()]
}

/** Links point at files by number among those made before them; with none there, they are left out. */
function flatten(root: readonly Named[]): Tree {
  const entries: TreeEntry[] = []
  const files: Buffer[] = []

  function add(children: readonly Named[], above: Buffer): void {
    for (const { name, node } of children) {
      const path = Buffer.concat([above, name])
      // Linux refuses paths over 4095 bytes in one call; the folder they lie in takes some of them.
      if (path.length > 3500) continue
      addNode(node, path)
    }
  }

  function addNode(node: Node, path: Buffer): void {
    if (node.kind === 'link') {
      const to = files[node.nth % (files.length || 1)]
      if (to) entries.push({ kind: 'link', path, to })
    } else if (node.kind === 'symlink') {
      const { mtimeSeconds } = node.meta
      entries.push({ kind: 'symlink', path, target: node.target, mtimeSeconds })
    } else if (node.kind === 'file') {
      files.push(path)
      entries.push({ kind: 'file', path, content: node.content, ...node.meta })
    } else {
      entries.push({ kind: 'directory', path, ...node.meta })
      add(node.children, Buffer.concat([path, Buffer.from('/')]))
    }
  }

  add(root, Buffer.alloc(0))
  return entries
}
