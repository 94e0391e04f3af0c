/** The thread that makes the tree of a restore: see tree-thread-protocol.ts. Synchronous throughout. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { ByteFeed, tarSteps } from '@backstream/archive/reading'
import { TreeExtractor } from './extract-tree.ts'
import { packError } from './portable-error.ts'
import { NoMore, TreeOrders } from './tree-orders.ts'
import type { TreeAnswer, TreeThreadInput } from './tree-thread-protocol.ts'

const input = workerData as TreeThreadInput | null
if (parentPort && input?.control) makeTree(input, parentPort)

function makeTree({ options, ...input }: TreeThreadInput, port: MessagePort): void {
  const orders = new TreeOrders(port, new Int32Array(input.control))
  const extractor = new TreeExtractor(options, { signal: orders })
  const { report } = extractor
  const answer = (message: TreeAnswer): void => port.postMessage(message)
  try {
    extractTar(extractor, orders, () => answer({ kind: 'read', report }))
    extractor.finish()
    answer({ kind: 'done', report })
  } catch (error) {
    const told = error instanceof NoMore ? null : packError(error)
    answer({ kind: 'stopped', report, left: extractor.leave(), error: told })
  }
}

/** `onRead`: everything made from a chunk is there, and the chunk is not looked at again. */
function extractTar(extractor: TreeExtractor, orders: TreeOrders, onRead: () => void): void {
  const feed = new ByteFeed()
  const steps = tarSteps(feed, { signal: orders })
  let isFed = false
  for (let { done, value } = steps.next(); !done; { done, value } = steps.next()) {
    if (!value) {
      if (isFed) onRead()
      feed.supply(orders.nextChunk((error) => steps.throw(error)))
      isFed = true
    } else if (value.kind === 'entry') extractor.begin(value)
    else if (value.kind === 'content') extractor.write(value.bytes)
    else extractor.end()
  }
}
