import { deepEqual, equal } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { nothing, type StreamCheck } from '../stream-check.ts'
import { countingInserts } from './mariadb-inserts.ts'
import { RowCount } from './row-count.ts'

const check: StreamCheck = { take: (chunk) => chunk, end: () => nothing }

function count(dump: string, pieceBytes: number) {
  const rows = new RowCount()
  const counting = countingInserts(check, rows)
  const bytes = Buffer.from(dump)
  for (let at = 0; at < bytes.length; at += pieceBytes)
    counting.take(bytes.subarray(at, at + pieceBytes))
  counting.end()
  return rows.toJSON()
}

const dump = `LOCK TABLES \`none\` WRITE;
UNLOCK TABLES;
LOCK TABLES \`odd\`\`t\` WRITE;
INSERT INTO \`odd\`\`t\` VALUES
(1,'it\\'s\\n(new),(x);'),
(2,'${'long '.repeat(300)}'),
(3,NULL);
INSERT INTO \`odd\`\`t\` VALUES
(4,0x00FF);
UNLOCK TABLES;
DELIMITER ;;
CREATE PROCEDURE p()
INSERT INTO \`odd\`\`t\` VALUES
(5,'not a row of the dump');
;;
DELIMITER ;
LOCK TABLES \`ä\` WRITE;
INSERT INTO \`ä\` (\`id\`, \`a\`) VALUES
(1,1);
`

describe('the rows of a dump of MariaDB', () => {
  it('are counted by table, however the dump is cut into pieces', () => {
    for (const pieceBytes of [1, 2, 7, 100, 100_000]) {
      deepEqual(count(dump, pieceBytes), [
        { table: ['none'], rows: 0 },
        { table: ['odd`t'], rows: 4 },
        { table: ['ä'], rows: 1 },
      ])
    }
  })

  it('are not known where they do not stand one a line', () => {
    equal(count('INSERT INTO `t` VALUES (1),(2);\n', 100), null)
  })
})
