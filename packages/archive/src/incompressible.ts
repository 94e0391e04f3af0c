const sampleBytes = 128
const sampleCount = 128
/** Of at most 8; what is encrypted or compressed already comes to 7.98 in a sample of this size. */
const bitsPerByte = 7.9

/**
 * A guess, made from 16 KiB in 20 microseconds: whether the bytes are so evenly spread that no
 * compressor would gain from coding them. Repetitions over long distances do not show; whoever acts
 * upon it should still look for those.
 */
export function looksIncompressible(plain: Uint8Array): boolean {
  if (plain.length < sampleBytes * sampleCount * 4) return false
  const counts = new Uint32Array(256)
  const stride = Math.floor((plain.length - sampleBytes) / (sampleCount - 1))
  for (let sample = 0; sample < sampleCount; sample++) {
    const end = sample * stride + sampleBytes
    for (let at = sample * stride; at < end; at++) {
      const byte = plain[at] as number
      counts[byte] = (counts[byte] as number) + 1
    }
  }
  return entropyOf(counts, sampleBytes * sampleCount) > bitsPerByte
}

function entropyOf(counts: Uint32Array, total: number): number {
  let bits = 0
  for (const count of counts) if (count > 0) bits -= count * Math.log2(count / total)
  return bits / total
}
