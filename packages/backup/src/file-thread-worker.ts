/** The thread that makes the files of a restore: see file-thread-protocol.ts. Synchronous throughout. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { FileMaker } from './file-maker.ts'
import { readRecords } from './file-records.ts'
import { FileFailed, type FileMark, type NotSet } from './file-sink.ts'
import {
  type FileThreadInput,
  lastSlab,
  lengthAt,
  postedAt,
  type SlabDone,
  slabBytes,
  slabCount,
  type ThreadFailure,
} from './file-thread-protocol.ts'

/** Whose file it is, the other side knows. */
const noMark = {} as FileMark

const input = workerData as FileThreadInput | null
if (parentPort && input?.slabs) makeFiles(input, parentPort)

function makeFiles(input: FileThreadInput, port: MessagePort): void {
  const control = new Int32Array(input.control)
  let notSet: NotSet[] = []
  let begun = 0
  let hasFailed = false
  const maker = new FileMaker({ mayReplace: false })
  maker.onNotSet = (what) => notSet.push(what)
  const reader = {
    begin(path: Buffer): void {
      begun++
      maker.begin(path, noMark)
    },
    content: (bytes: Buffer): void => maker.write(bytes),
    end: maker.end.bind(maker),
    abandon: () => maker.abandon(),
  }
  for (let number = 0; ; number++) {
    Atomics.wait(control, postedAt, number)
    const bytes = control[lengthAt(number)] as number
    if (bytes === lastSlab) break
    let failure: ThreadFailure | null = null
    try {
      const start = (number % slabCount) * slabBytes
      if (!hasFailed) readRecords(Buffer.from(input.slabs, start, bytes), reader)
    } catch (error) {
      hasFailed = true
      failure = describe(error)
      maker.abandon()
    }
    port.postMessage({ begun, notSet, failure } satisfies SlabDone)
    notSet = []
  }
  maker.abandon()
}

function describe(error: unknown): ThreadFailure {
  const cause = error instanceof FileFailed ? error.cause : error
  const { code, syscall } = cause as NodeJS.ErrnoException
  return { error: cause, code, syscall }
}
