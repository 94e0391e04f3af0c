/**
 * `npm run test:recovery`: every phase of a run with every blow that can meet it there, in whole
 * processes, on a real Redis and a real S3 server. Ends with 1 when a promise was broken.
 *
 *   --only TEXT    cells whose "phase × blow" holds TEXT; may be said several times
 *   --lanes N      installations side by side (default: 2)
 *   --markdown     prints the table of docs/reliability.md at the end
 *   --log          prints what the workers logged, of cells that went wrong
 */
import { parseArgs } from 'node:util'
import { allCells, cellName, openLane } from './cells.ts'
import { describeResult, markdownTable } from './matrix-report.ts'
import type { CellResult } from './run-cell.ts'

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    lanes: { type: 'string', default: '2' },
    markdown: { type: 'boolean', default: false },
    log: { type: 'boolean', default: false },
  },
})

const cells = allCells().filter(
  (cell) => !values.only || values.only.some((text) => cellName(cell).includes(text)),
)
const results: CellResult[] = []
let next = 0

async function work(): Promise<void> {
  await using lane = await openLane(cells.length)
  for (let at = next++; at < cells.length; at = next++) {
    const cell = cells[at]
    if (!cell) return
    const result = await lane.run(cell)
    results.push(result)
    console.log(`${String(results.length).padStart(3)}/${cells.length} ${describeResult(result)}`)
    if (values.log && result.problems.length > 0) console.log(lane.logs())
  }
}

await Promise.all(Array.from({ length: Number(values.lanes) }, work))
if (values.markdown) console.log(`\n${markdownTable(results)}`)
const broken = results.filter(({ problems }) => problems.length > 0)
console.log(`\n${results.length} cells, ${broken.length} with a broken promise`)
process.exitCode = broken.length > 0 ? 1 : 0
