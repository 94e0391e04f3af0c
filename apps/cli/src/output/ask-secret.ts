import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import type { Session } from '../command-context.ts'

/** Asks for a secret, on a terminal, and shows nothing of what is typed. Empty at the end of the input. */
export async function askSecret(session: Session, question: string): Promise<string> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const terminal = createInterface({ input: session.stdin, output: nowhere, terminal: true })
  session.stderr.write(`${question} `)
  try {
    return await new Promise((resolve) => {
      terminal.once('close', () => resolve(''))
      terminal.once('SIGINT', () => terminal.close())
      terminal.question('', resolve)
    })
  } finally {
    terminal.close()
    session.stderr.write('\n')
  }
}
