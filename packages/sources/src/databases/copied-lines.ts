const newline = 0x0a
/** What pg_dump writes behind the last row of a table. */
const terminator = Buffer.from('\\.\n\n\n')

/**
 * The rows of a table in COPY's text form: one a line, since a newline in a value is written \n. Pieces
 * may be as small as a row: nothing is allocated for one.
 */
export class CopiedLines {
  readonly #tail = Buffer.alloc(terminator.length)
  #lines = 0

  take(piece: Buffer): void {
    for (let at = piece.indexOf(newline); at >= 0; at = piece.indexOf(newline, at + 1)) {
      this.#lines++
    }
    const fresh = Math.min(piece.length, terminator.length)
    this.#tail.copyWithin(0, fresh)
    piece.copy(this.#tail, terminator.length - fresh, piece.length - fresh)
  }

  get rows(): number {
    return this.#tail.equals(terminator) ? this.#lines - 3 : this.#lines
  }
}
