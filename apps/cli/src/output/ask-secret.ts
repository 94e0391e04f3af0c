import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { CliError } from '../cli-error.ts'
import type { Session } from '../command-context.ts'

/**
 * Asks for a secret, on a terminal and before anything is written, and shows nothing of what is typed.
 * Empty at the end of the input; rejects on Ctrl-C.
 */
export async function askSecret(session: Session, question: string): Promise<string> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const terminal = createInterface({ input: session.stdin, output: nowhere, terminal: true })
  session.stderr.write(`${question} `)
  try {
    return await new Promise((resolve, reject) => {
      terminal.once('close', () => resolve(''))
      terminal.once('SIGINT', () =>
        reject(new CliError('interrupted', 'interrupted; nothing was written')),
      )
      terminal.question('', resolve)
    })
  } finally {
    terminal.close()
    session.stderr.write('\n')
  }
}
