/**
 * A byte string holds one byte in each character (U+0000 to U+00FF).
 *
 * File names are bytes, not text. As byte strings they survive whatever their encoding, compare with
 * `<` in byte order, and are written into a buffer as `latin1` without an allocation.
 */
export type ByteString = string

// biome-ignore lint/suspicious/noControlCharactersInRegex: the whole ASCII range is meant
const ascii = /^[\x00-\x7f]*$/

export function isAscii(text: string): boolean {
  return ascii.test(text)
}

/** The UTF-8 bytes of `text`. */
export function toByteString(text: string): ByteString {
  return isAscii(text) ? text : Buffer.from(text, 'utf8').toString('latin1')
}

/** The text these bytes are as UTF-8; U+FFFD stands where they are not. */
export function decodeByteString(bytes: ByteString): string {
  return isAscii(bytes) ? bytes : Buffer.from(bytes, 'latin1').toString('utf8')
}
