/**
 * The reader thread of a directory source: does one task and ends. See reader-thread-protocol.ts. Elsewhere
 * this is loaded too, to have it compiled (reader-thread.ts), and does nothing.
 */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { performReaderTask } from './read-directory.ts'
import { ReaderOutbox, ReaderStopped } from './reader-outbox.ts'
import type { ReaderInput } from './reader-thread-protocol.ts'
import { serializeSourceError } from './source-error.ts'

const input = workerData as ReaderInput | null
if (parentPort && input?.task) perform(input, parentPort)

function perform(input: ReaderInput, port: MessagePort): void {
  const outbox = new ReaderOutbox(port, input.control)
  try {
    outbox.post({ kind: 'end', result: performReaderTask(input, outbox) })
  } catch (error) {
    if (!(error instanceof ReaderStopped)) {
      port.postMessage({ kind: 'error', error: serializeSourceError(error) })
    }
  }
}
