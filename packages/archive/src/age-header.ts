/**
 * The header of an age v1 file (https://c2sp.org/age): who can decrypt it.
 *
 *     age-encryption.org/v1
 *     -> X25519 <share>          a stanza: arguments, then a body in base64, 64 columns a line,
 *     <wrapped file key>         whose last line is shorter
 *     --- <MAC>                  keyed by the file key, over everything up to and with `---`
 *
 * Base64 is canonical and without padding, lines end in a line feed. All of it is read strictly:
 * two texts never mean the same header.
 */
import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'
import { ArchiveError } from './archive-error.ts'
import type { ByteReader } from './byte-reader.ts'

export interface AgeStanza {
  readonly type: string
  readonly args: readonly string[]
  readonly body: Buffer
}

export interface AgeHeader {
  readonly stanzas: readonly AgeStanza[]
  readonly mac: Buffer
  /** What the MAC covers. */
  readonly covered: Buffer
  /** Size of the whole header: the payload follows at once. */
  readonly bytes: number
}

export const FILE_KEY_BYTES = 16

const versionLine = 'age-encryption.org/v1'
const columns = 64
const macBytes = 32
/** Room for some 2,500 recipients; a header is held in memory. */
const maxHeaderBytes = 256 << 10

export function encodeAgeHeader(stanzas: readonly AgeStanza[], fileKey: Uint8Array): Buffer {
  const covered = Buffer.from(`${versionLine}\n${stanzas.map(encodeStanza).join('')}---`, 'latin1')
  const mac = macOf(covered, fileKey)
  return Buffer.concat([covered, Buffer.from(` ${encodeBase64(mac)}\n`, 'latin1')])
}

/** Reads a header and nothing behind it; `header-damaged`, `truncated` or `unsupported`. */
export async function readAgeHeader(reader: ByteReader): Promise<AgeHeader> {
  const lines = new HeaderLines(reader)
  checkVersion(await lines.next())
  const stanzas: AgeStanza[] = []
  for (let line = await lines.next(); ; line = await lines.next()) {
    if (!line.startsWith('---')) {
      stanzas.push(await readStanza(line, lines))
      continue
    }
    const mac = decodeBase64(/^--- (.*)$/.exec(line)?.[1] ?? '')
    if (stanzas.length === 0 || mac?.length !== macBytes) throw damaged('its last line is not one')
    const bytes = lines.text.length
    const covered = Buffer.from(
      lines.text.slice(0, bytes - line.length - 1 + '---'.length),
      'latin1',
    )
    return { stanzas, mac, covered, bytes }
  }
}

/** Throws `header-damaged` unless whoever wrote the header had this file key. */
export function checkAgeHeader({ covered, mac }: AgeHeader, fileKey: Uint8Array): void {
  if (!timingSafeEqual(macOf(covered, fileKey), mac)) throw damaged('its MAC does not hold')
}

export function damaged(why: string): ArchiveError {
  return new ArchiveError('header-damaged', `The age header is not what was written: ${why}`, {
    remedy: 'Restore another backup; keep this one for inspection.',
  })
}

export function encodeBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replace(/=+$/, '')
}

/** Null for what is not the one way to write these bytes. */
export function decodeBase64(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64')
  return encodeBase64(bytes) === text ? bytes : null
}

function macOf(covered: Uint8Array, fileKey: Uint8Array): Buffer {
  const key = Buffer.from(hkdfSync('sha256', fileKey, '', 'header', macBytes))
  return createHmac('sha256', key).update(covered).digest()
}

function encodeStanza({ type, args, body }: AgeStanza): string {
  const text = encodeBase64(body)
  const lines: string[] = []
  // The last line is shorter than the others, be it empty.
  for (let at = 0; at <= text.length; at += columns) lines.push(`${text.slice(at, at + columns)}\n`)
  return `-> ${[type, ...args].join(' ')}\n${lines.join('')}`
}

function checkVersion(line: string): void {
  if (line === versionLine) return
  const isArmored = line.startsWith('-----BEGIN AGE ENCRYPTED FILE-----')
  if (isArmored || /^age-encryption\.org\/[!-~]+$/.test(line)) {
    throw new ArchiveError(
      'unsupported',
      'This is an age file of a kind this version does not read',
      {
        remedy: 'Decrypt it with a newer age program.',
      },
    )
  }
  throw damaged('it does not begin as one')
}

async function readStanza(line: string, lines: HeaderLines): Promise<AgeStanza> {
  const [mark, type, ...args] = line.split(' ')
  const isWord = (word: string | undefined) => word !== undefined && /^[!-~]+$/.test(word)
  if (mark !== '->' || type === undefined || ![type, ...args].every(isWord)) {
    throw damaged('a stanza does not begin as one')
  }
  let text = ''
  for (let isLast = false; !isLast; ) {
    const part = await lines.next()
    if (part.length > columns) throw damaged('a line of a stanza is too long')
    isLast = part.length < columns
    text += part
  }
  const body = decodeBase64(text)
  if (!body) throw damaged('the body of a stanza is not base64')
  return { type, args, body }
}

/** Lines of bytes, each one a character (latin1), with the text so far. */
class HeaderLines {
  readonly #reader: ByteReader
  text = ''

  constructor(reader: ByteReader) {
    this.#reader = reader
  }

  /** Without its line feed. */
  async next(): Promise<string> {
    const begin = this.text.length
    while (!this.text.endsWith('\n') || this.text.length === begin) await this.#more()
    return this.text.slice(begin, -1)
  }

  async #more(): Promise<void> {
    if (this.text.length >= maxHeaderBytes) {
      throw new ArchiveError('too-large', `The age header is larger than ${maxHeaderBytes} bytes`, {
        remedy: 'See whether this is an age file at all.',
      })
    }
    const some = await this.#reader.readSome(columns)
    if (some === null) {
      throw new ArchiveError('truncated', 'The age header ends early', {
        remedy: 'Restore another backup; keep this one for inspection.',
      })
    }
    const end = some.indexOf('\n') + 1
    if (end > 0) this.#reader.unread(some.length - end)
    this.text += some.toString('latin1', 0, end || some.length)
  }
}
