/** The reader thread of a directory source: does one task and ends. See reader-thread-protocol.ts. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { performReaderTask } from './read-directory.ts'
import { ReaderOutbox, ReaderStopped } from './reader-outbox.ts'
import type { ReaderInput } from './reader-thread-protocol.ts'
import { serializeSourceError } from './source-error.ts'

const input = workerData as ReaderInput
const outbox = new ReaderOutbox(parentPort as MessagePort, input.control)

try {
  outbox.post({ kind: 'end', result: performReaderTask(input, outbox) })
} catch (error) {
  if (!(error instanceof ReaderStopped)) {
    parentPort?.postMessage({ kind: 'error', error: serializeSourceError(error) })
  }
}
