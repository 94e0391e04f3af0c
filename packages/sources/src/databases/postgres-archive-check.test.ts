import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { checkPostgresArchive } from './postgres-archive-check.ts'
import { RowCount } from './row-count.ts'

const int = (n: number): number[] => {
  const bytes = Buffer.alloc(5)
  bytes[0] = n < 0 ? 1 : 0
  bytes.writeUInt32LE(Math.abs(n), 1)
  return [...bytes]
}
const text = (value: string | null): number[] =>
  value === null ? int(-1) : [...int(Buffer.byteLength(value)), ...Buffer.from(value)]
const texts = (...values: (string | null)[]): number[] => values.flatMap(text)
const offset = (state: number): number[] => [state, ...Buffer.alloc(8)]

/** An entry of the table of contents, as the archive's version has it. */
function entry(version: number, id: number, hasData: boolean): number[] {
  return [
    ...int(id),
    ...int(hasData ? 1 : 0),
    ...texts('0', '0', 'name', 'TABLE DATA'),
    ...int(3),
    ...texts('', '', 'COPY x FROM stdin;', 'public', null),
    ...(version >= 14 ? texts('heap') : []),
    ...(version >= 16 ? int(114) : []),
    ...texts('owner', 'false', '12', '13', null),
    ...offset(hasData ? 1 : 3),
  ]
}

function archive(version: number): Buffer {
  return Buffer.from([
    ...Buffer.from('PGDMP'),
    ...[1, version, 0, 4, 8, 1],
    ...(version >= 15 ? [0] : int(0)),
    ...Array.from({ length: 7 }, () => int(0)).flat(),
    ...texts('shop', '15.18', '15.18'),
    ...int(3),
    ...entry(version, 7, true),
    ...entry(version, 8, false),
    ...entry(version, 9, true),
    ...[
      1,
      ...int(7),
      ...text('row 1\n'),
      ...text('row \\n 2\nrow 3\n'),
      ...text('\\.\n\n\n'),
      ...int(0),
    ],
    // Large objects: each with its number and chunks, up to a number of 0.
    ...[3, ...int(9), ...int(4711), ...text('body'), ...int(0), ...int(0)],
  ])
}

function run(bytes: Buffer, pieceBytes = bytes.length || 1, rows = new RowCount()): void {
  const check = checkPostgresArchive('pg_dump of shop', rows)
  for (let at = 0; at < bytes.length; at += pieceBytes)
    check.take(bytes.subarray(at, at + pieceBytes))
  check.end()
}

describe('an archive of pg_dump', () => {
  for (const version of [12, 13, 14, 15, 16]) {
    it(`is whole when all its data has come, in pieces of any size (1.${version})`, () => {
      for (const piece of [1, 2, 3, 7, 1000]) run(archive(version), piece)
    })

    it(`is not whole when it is cut, wherever that is (1.${version})`, () => {
      const bytes = archive(version)
      for (let end = 0; end < bytes.length; end++) {
        assert.throws(() => run(bytes.subarray(0, end), 100), { code: 'trailer-missing' }, `${end}`)
      }
    })
  }

  it('is counted row by row, in pieces of any size', () => {
    for (const piece of [1, 2, 3, 7, 1000]) {
      const rows = new RowCount()
      run(archive(16), piece, rows)
      assert.deepEqual(rows.toJSON()?.[0], { table: ['public', 'name'], rows: 3 })
    }
  })

  it('tells how much is missing', () => {
    assert.throws(() => run(archive(14).subarray(0, -20)), /and the data of 1 entry is missing/)
  })

  it('is nothing else, with nothing behind it', () => {
    const bytes = archive(14)
    assert.throws(() => run(Buffer.concat([bytes, Buffer.from('x')])), /behind its end/)
    assert.throws(() => run(Buffer.from('pg_dump: warning: no')), /its first bytes makes no sense/)
    assert.throws(() => run(archive(17)), /version 1\.17, of which/)
  })
})
