const block = 512

/** What `tar -xOf` gives back: the contents of all members of one name, which must be short. */
export function* streamInTar(tar: Uint8Array, name: string): Generator<Uint8Array> {
  const text = new TextDecoder('latin1')
  for (let at = 0; at + block <= tar.length; ) {
    const header = tar.subarray(at, at + block)
    if (header[0] === 0) return
    const size = Number.parseInt(text.decode(header.subarray(124, 136)), 8)
    const found = text.decode(header.subarray(0, 100)).replace(/\0.*$/s, '')
    if (found === name) yield tar.subarray(at + block, at + block + size)
    at += block + Math.ceil(size / block) * block
  }
}
