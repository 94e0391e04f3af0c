import type { IndexEntry } from '@backstream/backup'
import { formatBytes } from '@backstream/config'
import type { Session } from '../command-context.ts'
import { plainText } from '../output/plain-text.ts'
import { printJsonList, printStream } from '../output/print-stream.ts'
import { openRef } from './open-ref.ts'

/** `T` another type, `M` another content as size and time tell, `U` another mode. */
type Change = '+' | '-' | 'M' | 'U' | 'T'

interface Difference {
  readonly change: Change
  readonly path: string
  readonly bytesBefore: number
  readonly bytesAfter: number
}

/** What changed between two backups, by their indexes alone. */
export async function diff(session: Session, from: string, to: string): Promise<void> {
  await using before = await openRef(session, from)
  await using after = await openRef(session, to)
  const sum: Record<Change, number> = { '+': 0, '-': 0, M: 0, U: 0, T: 0 }
  let grownBy = 0
  const counted = async function* () {
    for await (const difference of compare(before.entriesBelow(''), after.entriesBelow(''))) {
      sum[difference.change] += 1
      grownBy += difference.bytesAfter - difference.bytesBefore
      yield difference
    }
  }
  const refOf = ({ manifest }: typeof before) => `${manifest.plan}/${manifest.backup}`
  if (session.json) {
    const head = { format: 'backstream.diff/1', from: refOf(before), to: refOf(after) }
    const items: AsyncIterable<Record<string, unknown>> = documents(counted())
    return await printJsonList(session, head, { name: 'differences', items })
  }
  await printStream(session, lines(counted()))
  const growth = `${grownBy < 0 ? '-' : '+'}${formatBytes(Math.abs(grownBy))}`
  session.print(
    `${sum['+']} new, ${sum['-']} gone, ${sum.M + sum.T} changed, ${sum.U} with another mode; ${growth} from ${refOf(before)} to ${refOf(after)}\n`,
  )
}

async function* compare(
  before: AsyncIterable<IndexEntry>,
  after: AsyncIterable<IndexEntry>,
): AsyncGenerator<Difference> {
  const old = new Map<string, IndexEntry>()
  for await (const entry of before) old.set(entry.path, entry)
  for await (const entry of after) {
    const was = old.get(entry.path)
    old.delete(entry.path)
    const change = was ? changeOf(was, entry) : '+'
    if (change) yield differenceOf(change, was, entry)
  }
  for (const gone of old.values()) yield differenceOf('-', gone, undefined)
}

function changeOf(was: IndexEntry, is: IndexEntry): Change | null {
  if (was.type !== is.type) return 'T'
  // A folder's time changes with what is in it, and that is listed.
  const isOlder = was.type !== 'directory' && was.mtimeMs !== is.mtimeMs
  if (was.size !== is.size || was.linkTarget !== is.linkTarget || isOlder) return 'M'
  return was.mode === is.mode ? null : 'U'
}

function differenceOf(
  change: Change,
  was: IndexEntry | undefined,
  is: IndexEntry | undefined,
): Difference {
  const path = (is ?? was)?.path ?? ''
  return { change, path, bytesBefore: was?.size ?? 0, bytesAfter: is?.size ?? 0 }
}

async function* lines(differences: AsyncIterable<Difference>): AsyncGenerator<string> {
  for await (const { change, path } of differences) yield `${change}  ${plainText(path)}\n`
}

async function* documents(
  differences: AsyncIterable<Difference>,
): AsyncGenerator<Record<string, unknown>> {
  for await (const difference of differences) yield { ...difference }
}
