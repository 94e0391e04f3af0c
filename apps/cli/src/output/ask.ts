import { createInterface } from 'node:readline'
import type { Session } from '../command-context.ts'

/** Asks for a yes, on a terminal; anything else, and the end of the input, is a no. */
export async function ask(session: Session, question: string): Promise<boolean> {
  const terminal = createInterface({ input: session.stdin, output: session.stderr })
  try {
    return await new Promise((resolve) => {
      terminal.once('close', () => resolve(false))
      terminal.question(`${question} [y/N] `, (answer) => resolve(/^y(es)?$/i.test(answer.trim())))
    })
  } finally {
    terminal.close()
  }
}
