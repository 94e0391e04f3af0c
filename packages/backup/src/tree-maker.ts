import { readTar } from '@backstream/archive'
import type { ExtractReport } from './extract-report.ts'
import { type ExtractOptions, TreeExtractor } from './extract-tree.ts'

export interface TreeWork {
  readonly signal: AbortSignal
  /** Filled as it goes, for whoever has to tell how far it came. */
  readonly report?: ExtractReport | undefined
}

/** Makes a tree of a tar: here, or in a thread (`openTreeThread`). */
export interface TreeMaker extends AsyncDisposable {
  readonly report: ExtractReport
  /** Once. Resolves when all of it is there; rejects with what is wrong with the tar, or with the place. */
  extract(plain: AsyncIterable<Uint8Array>): Promise<void>
  /** What is to go on where `extract` failed, or to be abandoned. */
  goOn(): TreeExtractor
}

/** Makes it here, in turns with whoever gives the tar. */
export function createTreeMaker(options: ExtractOptions, { signal, report }: TreeWork): TreeMaker {
  const extractor = new TreeExtractor(options, { signal, report })
  return {
    report: extractor.report,
    async extract(plain) {
      for await (const entry of readTar(plain, { signal })) await extractor.extract(entry)
      extractor.finish()
    },
    goOn: () => extractor,
    async [Symbol.asyncDispose]() {},
  }
}
