/**
 * The corpus of hostile tars: what somebody who can write into the bucket might put in the place of an
 * archive. Built block by block, since no tar program makes most of them.
 */
export interface RawEntry {
  /** Bytes as latin1. */
  readonly name?: string
  readonly prefix?: string
  /** The type flag; default `0`, a file. */
  readonly type?: string
  readonly linkName?: string
  readonly mode?: number
  readonly content?: string | Buffer
  /** As the header says it, where that is not the content's. */
  readonly size?: number | bigint
  readonly magic?: string
  readonly pax?: Readonly<Record<string, string>>
  readonly longName?: string
  readonly longLink?: string
  /** Added to the checksum that would be right. */
  readonly checksumOff?: number
}

const block = 512

/** One entry with what stands before it. */
export function rawEntry(entry: RawEntry): Buffer {
  const { pax, longName, longLink, content = '', ...rest } = entry
  const before: Buffer[] = []
  if (longName !== undefined) before.push(rawEntry({ type: 'L', content: `${longName}\0` }))
  if (longLink !== undefined) before.push(rawEntry({ type: 'K', content: `${longLink}\0` }))
  if (pax) before.push(rawEntry({ type: 'x', content: paxRecords(pax) }))
  const bytes = Buffer.isBuffer(content) ? content : Buffer.from(content, 'latin1')
  const padding = Buffer.alloc((block - (bytes.length % block)) % block)
  return Buffer.concat([...before, rawHeader({ size: bytes.length, ...rest }), bytes, padding])
}

export function rawTar(...entries: readonly RawEntry[]): Buffer {
  return Buffer.concat([...entries.map(rawEntry), Buffer.alloc(2 * block)])
}

function rawHeader(entry: Omit<RawEntry, 'content'>): Buffer {
  const { name = 'entry', prefix = '', type = '0', linkName = '', mode = 0o644 } = entry
  const { size = 0, magic = 'ustar\x0000', checksumOff = 0 } = entry
  const header = Buffer.alloc(block)
  const put = (at: number, text: string) => header.write(text, at, 'latin1')
  put(0, name.slice(0, 100))
  put(100, `${mode.toString(8).padStart(7, '0')}\0`)
  put(108, '0000000\0')
  put(116, '0000000\0')
  if (typeof size === 'number') put(124, `${size.toString(8).padStart(11, '0')} `)
  else writeBinary(header, size)
  put(136, '14524770400 ')
  put(156, type)
  put(157, linkName.slice(0, 100))
  put(257, magic)
  put(345, prefix.slice(0, 155))
  header.fill(' ', 148, 156)
  const sum = header.reduce((total, byte) => total + byte, 0) + checksumOff
  put(148, `${sum.toString(8).padStart(6, '0')}\0 `)
  return header
}

/** As GNU tar writes what octal cannot hold. */
function writeBinary(header: Buffer, value: bigint): void {
  let rest = BigInt.asUintN(96, value)
  for (let at = 135; at >= 124; at--) {
    header[at] = Number(rest & 0xffn)
    rest >>= 8n
  }
  header[124] = ((header[124] ?? 0) & 0x7f) | 0x80
}

function paxRecords(records: Readonly<Record<string, string>>): Buffer {
  return Buffer.concat(
    Object.entries(records).map(([key, value]) => {
      const body = Buffer.from(` ${key}=${value}\n`)
      let length = body.length + 1
      while (String(length).length + body.length !== length) length++
      return Buffer.concat([Buffer.from(String(length)), body])
    }),
  )
}

export interface HostileTar {
  readonly title: string
  readonly tar: Buffer
  /** How the name in the refusal begins: the entry's, or that of the one before where it has none. */
  readonly names: string
}

const file = (name: string, content = 'x'): RawEntry => ({ name, content })
const directory = (name: string): RawEntry => ({ name, type: '5', mode: 0o755 })
const symlink = (name: string, linkName: string): RawEntry => ({ name, linkName, type: '2' })
const link = (name: string, linkName: string): RawEntry => ({ name, linkName, type: '1' })

const of = (title: string, names: string, ...entries: readonly RawEntry[]): HostileTar => ({
  title,
  names,
  tar: rawTar(...entries),
})

const names: readonly HostileTar[] = [
  of('an absolute name', '/etc/backstream-was-here', file('/etc/backstream-was-here')),
  of('an absolute name by pax', '/etc/backstream-was-here', {
    pax: { path: '/etc/backstream-was-here' },
  }),
  of('an absolute name by a GNU long name', '/etc/backstream-was-here', {
    longName: '/etc/backstream-was-here',
  }),
  of('an absolute name by its prefix', '/etc/x', { prefix: '/etc', name: 'x' }),
  of('two slashes', '//outside/x', file('//outside/x')),
  of('a name that leads upwards', '../outside/x', file('../outside/x')),
  of('a name that leads upwards by pax', '../outside/x', { pax: { path: '../outside/x' } }),
  of('a name that leads upwards by its prefix', 'a/../../outside/x', {
    prefix: 'a/../..',
    name: 'outside/x',
  }),
  of('a name that leads upwards on its way', 'd/../../outside/x', file('d/../../outside/x')),
  of('a name that leads upwards at its end', 'd/..', directory('d/..')),
  of('a folder that leads upwards', '..', directory('..')),
  of('a file named like the root', '.', file('.')),
  of('a file without a name', '"', { name: '' }),
  of('a link in place of the root', '.', symlink('./', '../outside')),
  of('a zero byte in a pax name', 'a\\u0000b', { pax: { path: 'a\0b' } }),
]

const links: readonly HostileTar[] = [
  of('a file under a link', 'way/x', symlink('way', '../outside'), file('way/x')),
  of('a file under an absolute link', 'way/x', symlink('way', '/tmp'), file('way/x')),
  of('a file under a link to the root', 'way/x', symlink('way', '.'), file('way/x')),
  of('a folder in place of a link', 'way', symlink('way', '../outside'), directory('way')),
  of('a folder under a link', 'way/x', symlink('way', '../outside'), directory('way/x')),
  of('a link under a link', 'way/x', symlink('way', '../outside'), symlink('way/x', 'y')),
  of(
    'a file under a chain of links',
    'b/x',
    symlink('a', '../outside'),
    symlink('b', 'a'),
    file('b/x'),
  ),
  of(
    'a file under a link deep down',
    'd/e/way/x',
    directory('d'),
    directory('d/e'),
    symlink('d/e/way', '../../../outside'),
    file('d/e/way/x'),
  ),
  of('a file over a link', 'x', symlink('x', '../outside/x'), file('x')),
  of('a stream over a link', 'x', symlink('x', '../outside/x'), file('x'), file('x')),
  of('a folder made a link', 'd', directory('d'), symlink('d', '../outside'), file('d/x')),
  of('a hard link to an absolute name', 'x', link('x', '/etc/passwd')),
  of('a hard link upwards', 'x', link('x', '../outside/secret')),
  of('a hard link upwards by pax', 'x', { name: 'x', type: '1', pax: { linkpath: '../y' } }),
  of('a hard link upwards by a GNU long link', 'x', { name: 'x', type: '1', longLink: '../y' }),
  of('a hard link through a link', 'x', symlink('way', '../outside'), link('x', 'way/secret')),
  of('a hard link to a link', 'y', symlink('x', '../outside/secret'), link('y', 'x')),
  of('a hard link to a folder', 'y', directory('d'), link('y', 'd')),
  of('a hard link to what is not there', 'y', link('y', 'gone')),
  of('a hard link to itself', 'y', link('y', 'y')),
  of('a hard link to the root', 'y', link('y', '.')),
  of('a file over a hard link', 'y', file('x'), link('y', 'x'), file('y', 'other')),
  of('a link to nothing', 'x', symlink('x', '')),
  of('a link with a zero byte', 'x', { name: 'x', type: '2', pax: { linkpath: 'a\0b' } }),
]

const kinds: readonly HostileTar[] = [
  of('a character device', 'dev', { name: 'dev', type: '3' }),
  of('a block device', 'dev', { name: 'dev', type: '4' }),
  of('a named pipe', 'pipe', { name: 'pipe', type: '6' }),
  of('a GNU sparse file', 'sparse', { name: 'sparse', type: 'S' }),
  of('a pax sparse file', 'sparse', { name: 'sparse', pax: { 'GNU.sparse.major': '1' } }),
  of('a GNU volume label', 'label', { name: 'label', type: 'V' }),
  of('a GNU multi-volume piece', 'piece', { name: 'piece', type: 'M' }),
  of('a kind nobody knows', 'odd', { name: 'odd', type: '~' }),
  of('a global pax header', 'before', file('before'), { type: 'g', content: '12 path=../x\n' }),
]

const sizes: readonly HostileTar[] = [
  of('a size beyond all numbers', 'big', { name: 'big', size: 1n << 80n }),
  of('a size beyond the archive', 'big', { name: 'big', size: 1n << 50n }),
  of('a size in octal beyond the archive', 'big', { name: 'big', size: 0o77777777777 }),
  of('a size by pax beyond the archive', 'big', { name: 'big', pax: { size: '9007199254740991' } }),
  of('a size by pax that is no number', 'before', file('before'), { pax: { size: '-1' } }),
  of('a size below zero', 'big', { name: 'big', size: -512n }),
  of('a header without end', 'before', file('before'), { type: 'x', size: 1n << 40n }),
  of('a long name of more than a mebibyte', 'before', file('before'), {
    longName: 'n'.repeat(2 << 20),
  }),
  of(
    'headers before headers without end',
    'before',
    file('before'),
    ...Array.from({ length: 1000 }, () => ({ type: 'x', content: '12 comment=x\n'.slice(0, 12) })),
  ),
  of('a name the file system does not hold', 'nnnn', { longName: 'n'.repeat(5000) }),
  of('ten thousand folders on the way', 'd/d/d', { longName: `${'d/'.repeat(10_000)}x` }),
]

const damage: readonly HostileTar[] = [
  of('a checksum that is wrong', 'before', file('before'), { name: 'x', checksumOff: 1 }),
  of('another magic', 'before', file('before'), { name: 'x', magic: 'nonsense' }),
  of('a pax record that is none', 'before', file('before'), { type: 'x', content: '99 path' }),
  {
    title: 'an end in a file',
    names: 'cut',
    tar: rawTar(file('cut', 'x'.repeat(2000))).subarray(0, 1000),
  },
  { title: 'an end behind a header', names: 'cut', tar: rawTar(file('cut')).subarray(0, 512) },
  { title: 'an end between entries', names: 'cut', tar: rawTar(file('cut')).subarray(0, 1024) },
  { title: 'an end in the end', names: 'cut', tar: rawTar(file('cut')).subarray(0, 1536) },
  {
    title: 'something behind the end',
    names: 'last',
    tar: Buffer.concat([rawTar(file('last')), rawEntry(file('../outside/x'))]),
  },
  {
    title: 'one zero block in the middle',
    names: 'last',
    tar: Buffer.concat([rawEntry(file('last')), Buffer.alloc(512), rawTar(file('x'))]),
  },
]

/** Two names where the file system keeps one. */
export const collidingTars: readonly HostileTar[] = [
  of('a file named like another but for capitals', 'README', file('readme'), file('README')),
  of('a link named like a folder', 'D', directory('d'), symlink('D', '../outside'), file('d/x')),
  of('a folder on the way spelt otherwise', 'D/x', directory('d'), file('D/x')),
  of(
    'composed and decomposed letters',
    'e\u0301',
    { pax: { path: '\u00e9' } },
    { pax: { path: 'e\u0301' } },
  ),
]

export const hostileTars: readonly HostileTar[] = [
  ...names,
  ...links,
  ...kinds,
  ...sizes,
  ...damage,
]
