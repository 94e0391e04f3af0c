/**
 * The rows of each table in a dump of mariadb-dump, which writes
 *
 *     LOCK TABLES `t` WRITE;
 *     INSERT INTO `t` VALUES
 *     (1,'one'),
 *     (2,'two');
 *
 * with one row a line: a newline in a value is written \n. Bodies of routines stand between lines that
 * change the delimiter. MySQL's own mysqldump writes all rows into one line: they are not counted.
 */
import type { StreamCheck } from '../stream-check.ts'
import type { RowCount } from './row-count.ts'

const newline = 0x0a
const openingBracket = 0x28
const semicolon = 0x3b
/** Of a line that tells more than that it is a row: names have at most 64 characters. */
const headBytes = 512

export function countingInserts(check: StreamCheck, rows: RowCount): StreamCheck {
  const counter = new InsertCounter(rows)
  return {
    take(chunk) {
      counter.take(chunk)
      return check.take(chunk)
    },
    end: () => check.end(),
  }
}

class InsertCounter {
  readonly #rows: RowCount
  #head: Buffer = Buffer.alloc(0)
  #lastByte = 0
  #table: string | null = null
  /** Of that table, not yet told. */
  #count = 0
  #isBody = false

  constructor(rows: RowCount) {
    this.#rows = rows
  }

  take(chunk: Buffer): void {
    let start = 0
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      this.#endLine(chunk.subarray(start, end))
      start = end + 1
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start))
  }

  /** Rows are many: of one that came whole nothing is copied. */
  #endLine(piece: Buffer): void {
    if (this.#table !== null && this.#head.length === 0 && piece[0] === openingBracket) {
      this.#countRow(piece[piece.length - 1])
      return
    }
    this.#keep(piece)
    const head = this.#head
    this.#head = Buffer.alloc(0)
    if (this.#table !== null && head[0] === openingBracket) this.#countRow(this.#lastByte)
    else this.#readLine(head.toString('utf8'))
  }

  #countRow(lastByte: number | undefined): void {
    this.#count++
    if (lastByte !== semicolon || this.#table === null) return
    this.#rows.add([this.#table], this.#count)
    this.#table = null
    this.#count = 0
  }

  #keep(piece: Buffer): void {
    const room = headBytes - this.#head.length
    if (room > 0) this.#head = Buffer.concat([this.#head, piece.subarray(0, room)])
    this.#lastByte = piece.at(-1) ?? this.#lastByte
  }

  #readLine(line: string): void {
    if (line.startsWith('DELIMITER ')) this.#isBody = line !== 'DELIMITER ;'
    if (this.#isBody) return
    const [, locked] = /^LOCK TABLES `((?:[^`]|``)+)` WRITE;$/.exec(line) ?? []
    if (locked !== undefined) this.#rows.add([plain(locked)], 0)
    const [, filled, rest] =
      /^INSERT INTO `((?:[^`]|``)+)` (?:\(.*\) )?VALUES(.*)$/.exec(line) ?? []
    if (filled === undefined) return
    if (rest?.trim()) this.#rows.giveUp()
    this.#table = plain(filled)
  }
}

function plain(name: string): string {
  return name.replaceAll('``', '`')
}
