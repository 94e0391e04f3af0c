/**
 * Text that cannot steer a terminal: control characters, those that turn the reading direction
 * included, are replaced. For whatever came from a bucket, a queue or a file name.
 */
export function plainText(text: string): string {
  return text.replace(/[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, '\ufffd')
}
