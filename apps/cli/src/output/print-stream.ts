import { once } from 'node:events'
import type { Session } from '../command-context.ts'

/** Prints as fast as standard output takes it: a listing of a million lines is never held. */
export async function printStream(
  session: Session,
  pieces: AsyncIterable<string | Uint8Array>,
): Promise<void> {
  const signal = session.interruption()
  for await (const piece of pieces) {
    if (!session.stdout.write(piece)) await once(session.stdout, 'drain', { signal })
  }
}

/** The one document of `--json`, its last member a list that is written as it comes. */
export async function printJsonList(
  session: Session,
  head: Readonly<Record<string, unknown>> & { readonly format: string },
  list: { readonly name: string; readonly items: AsyncIterable<Record<string, unknown>> },
): Promise<void> {
  const opening = JSON.stringify(head).slice(0, -1)
  await printStream(
    session,
    (async function* () {
      yield `${opening},${JSON.stringify(list.name)}:[`
      let comma = ''
      for await (const item of list.items) {
        yield `${comma}\n${JSON.stringify(item)}`
        comma = ','
      }
      yield '\n]}\n'
    })(),
  )
}
