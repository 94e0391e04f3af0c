/** Says whether an SQLite file is sound, by its status, and by words on standard error: `node sqlite-integrity.ts FILE`. */
import { DatabaseSync } from 'node:sqlite'

const [, , path = ''] = process.argv
const database = new DatabaseSync(path, { readOnly: true })
const found = database.prepare('PRAGMA integrity_check(5)').all().flatMap(Object.values)
if (found.length !== 1 || found[0] !== 'ok') {
  process.stderr.write(`${found.join('; ')}\n`)
  process.exitCode = 1
}
