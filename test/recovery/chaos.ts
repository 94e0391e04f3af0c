/**
 * `npm run chaos -- --kills N --seed S [--json]`: an installation under load whose processes are
 * struck at random. Ends with 1 when anything was left, made twice or stuck.
 *
 *   --kills N       blows to strike (default: 50)
 *   --seed S        the same blows in the same order, at the same distances (default: 1)
 *   --json          one document on standard output; what happens goes to standard error
 *   --record FILE   writes each blow as a line of JSON
 *   --log           prints what the processes logged at the end, when something went wrong
 */
import { appendFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { runChaos } from './run-chaos.ts'

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '50' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
    record: { type: 'string' },
    log: { type: 'boolean', default: false },
  },
})

async function main(): Promise<number> {
  const [kills, seed] = [Number(values.kills), Number(values.seed)]
  if (!Number.isInteger(kills) || kills < 0 || !Number.isInteger(seed)) {
    console.error('Usage: npm run chaos -- --kills N --seed S [--json] [--record FILE] [--log]')
    return 2
  }
  const { record } = values
  const say = values.json ? console.error : console.log
  if (record !== undefined) writeFileSync(record, '')
  const outcome = await runChaos({
    kills,
    seed,
    say,
    onBlow: (blow) => {
      if (record !== undefined) appendFileSync(record, `${JSON.stringify(blow)}\n`)
    },
    ...(values.log ? { onTrouble: (logs) => console.error(logs) } : {}),
  })
  const { problems, ...counts } = outcome
  for (const problem of problems) say(`  ${problem}`)
  if (values.json) console.log(JSON.stringify(counts))
  else {
    console.log(
      `${counts.kills} blows, ${counts.runs} runs, ${counts.committed} backups: ${counts.orphans} orphans, ${counts.duplicates} duplicates, ${counts.stuck} stuck`,
    )
  }
  return counts.orphans + counts.duplicates + counts.stuck === 0 ? 0 : 1
}

process.exitCode = await main()
