import type { TreeContent } from './tree.ts'

/** A small, fast, seeded source of numbers in [0, 1). Not for secrets. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

const pieceBytes = 262_144

/** The content piece by piece; `noise` does not compress, `text` does by a factor of about three. */
export function* contentOf(content: TreeContent): Generator<Buffer> {
  const fill = fillers[content.like](seededRandom(content.seed))
  for (let left = content.bytes; left > 0; left -= pieceBytes) {
    const piece = Buffer.alloc(Math.min(left, pieceBytes))
    fill(piece)
    yield piece
  }
}

type Fill = (piece: Buffer) => void

const fillers: Readonly<Record<TreeContent['like'], (random: () => number) => Fill>> = {
  zeros: () => () => {},
  noise: (random) => (piece) => {
    let at = 0
    for (; at + 4 <= piece.length; at += 4) piece.writeUInt32LE(random() * 4_294_967_296, at)
    for (; at < piece.length; at++) piece[at] = random() * 256
  },
  text: (random) => (piece) => {
    // Squaring makes some words common and most of them rare, as in prose.
    const word = () => vocabulary[Math.floor(random() ** 2 * vocabulary.length)] ?? ''
    for (let at = 0; at < piece.length; ) {
      at += piece.write(random() < 0.1 ? `${word()}.\n` : `${word()} `, at, 'latin1')
    }
  },
}

const vocabulary: readonly string[] = makeVocabulary(4096)

function makeVocabulary(words: number): string[] {
  const random = seededRandom(7)
  const letters = 'etaoinshrdlucmfwypvbgkjqxz'
  return Array.from({ length: words }, () =>
    Array.from({ length: 2 + random() * 8 }, () => letters[Math.floor(random() ** 2 * 26)]).join(
      '',
    ),
  )
}
