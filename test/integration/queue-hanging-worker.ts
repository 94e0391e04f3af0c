/** A worker that begins a run and never ends it. Arguments: URL of Redis, installation. */
import { openQueue, progressAt, startWorker } from './queue-fixture.ts'

const [, , url = '', installation = ''] = process.argv
const connection = await openQueue(url, installation)
startWorker(
  connection,
  async (run) => {
    await run.ledger.record(`20261128T000000Z-00000${run.ledger.earlier.length + 1}`)
    run.progress(progressAt(1))
    process.stdout.write('begun\n')
    return await new Promise(() => {})
  },
  { lockMs: 1000, stalledCheckMs: 200, workerName: 'doomed' },
)
