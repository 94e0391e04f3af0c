import { systemClock } from '@backstream/kernel'
import { createInterruption } from './interruption.ts'
import { runCommandLine } from './run-command-line.ts'

/**
 * The process: what it is given goes in, the exit status comes out. A reader of the output that went
 * away (`| head`) ends the process without a word, as it ends any other filter.
 */
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))
}

// `up` holds the other end: its children must not outlive it, however it ends.
if (process.channel && process.env['BACKSTREAM_SUPERVISED'] === '1') {
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'))
  process.channel.unref()
}

const status = await runCommandLine(process.argv.slice(2), {
  env: process.env,
  clock: systemClock,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  interruption: createInterruption(process),
})
await Promise.all([flushed(process.stdout), flushed(process.stderr)])
leave(status)

/** Into a pipe Node writes at its leisure: whoever leaves before cuts off what is long. */
function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => stream.write('', () => resolve()))
}

/**
 * By having nothing left to do. `process.exit` waits for V8's threads, and one of those may wait for a
 * collection that the main thread does not make any more (https://github.com/nodejs/node/issues/54918):
 * a command that has done its work would never end. Only what keeps the process for long is cut off.
 */
function leave(status: number): void {
  process.exitCode = status
  setTimeout(() => process.exit(status), 3_000).unref()
}
