/**
 * Loaded into every file of `npm test`: ends one that holds the run up. Node's own time-out ends a test,
 * not a file whose tests are over and that something keeps alive: a connection that nobody closed.
 *
 * It ends by SIGKILL, for `process.exit` may wait for ever too.
 */
import { writeSync } from 'node:fs'

const withinMs = Number(process.env['TEST_FILE_TIMEOUT_MS'] ?? 20 * 60_000)

// Set in the processes that the runner starts, not in the runner.
if (process.env['NODE_TEST_CONTEXT'] !== undefined) {
  setTimeout(() => {
    const held = [...new Set(process.getActiveResourcesInfo())].join(', ')
    writeSync(2, `${process.argv[1]}: not over after ${withinMs} ms, kept by ${held}\n`)
    process.kill(process.pid, 'SIGKILL')
  }, withinMs).unref()
}
