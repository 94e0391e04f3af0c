/** In PostgreSQL schema and table, else the table alone. */
export type TableName = readonly string[]

/**
 * How many rows of each table a dump holds: counted in the dump itself as it passes, so exact, of the
 * dump's own moment, and without a question to the server. Written into the note beside the stream,
 * which is told only at the stream's end.
 */
export class RowCount {
  readonly #tables = new Map<string, number>()
  #isKnown = true

  add(table: TableName, rows: number): void {
    const key = JSON.stringify(table)
    this.#tables.set(key, (this.#tables.get(key) ?? 0) + rows)
  }

  /** The dump has a form that was not counted: no number is better than a wrong one. */
  giveUp(): void {
    this.#isKnown = false
  }

  toJSON(): readonly CountedTable[] | null {
    if (!this.#isKnown) return null
    return [...this.#tables].map(([key, rows]) => ({ table: JSON.parse(key), rows }))
  }
}

/** As it stands in the note. */
export interface CountedTable {
  readonly table: TableName
  readonly rows: number
}

/** What a note says; null where rows were not counted, as by versions that did not. */
export function countedTables(
  facts: Readonly<Record<string, unknown>>,
): readonly CountedTable[] | null {
  const { rows } = facts
  return Array.isArray(rows) ? (rows as readonly CountedTable[]) : null
}
