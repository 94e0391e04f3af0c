import { spawn } from 'node:child_process'
import { waitFor } from '@backstream/testkit'
import { type CliOptions, cliFile } from './cli-fixture.ts'

/** `backstream` at a terminal, and somebody who sits there. */
export interface AtTerminal extends AsyncDisposable {
  /** Types, with Enter behind it, once the question stands there; only what comes after the last one counts. */
  answer(question: RegExp, line: string): Promise<void>
  /** As the keyboard sends it: no Enter behind it. */
  press(question: RegExp, keys: string): Promise<void>
  /** All that was to be seen. */
  screen(): string
  readonly ended: Promise<number>
}

/** Every Debian has `script`: it gives a command a pseudo-terminal, and passes on what is typed as it is. */
export function startAtTerminal(
  args: readonly string[],
  { cwd, env }: Pick<CliOptions, 'cwd' | 'env'>,
): AtTerminal {
  const command = [process.execPath, cliFile, ...args].map(quoted).join(' ')
  const child = spawn(
    'script',
    ['--quiet', '--return', '--flush', '--command', command, '/dev/null'],
    {
      cwd,
      env: {
        PATH: process.env['PATH'],
        HOME: cwd,
        TZ: 'UTC',
        SHELL: '/bin/sh',
        TERM: 'dumb',
        ...env,
      },
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  )
  let shown = ''
  let seen = 0
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    shown += piece
  })
  let isOver = false
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (status) => {
      isOver = true
      resolve(status ?? -1)
    })
  })
  const press: AtTerminal['press'] = async (question, keys) => {
    const isAsked = () => {
      if (isOver) throw new Error(`it ended before it asked ${question}:\n${shown}`)
      return question.test(shown.slice(seen))
    }
    await waitFor(isAsked, { timeoutMs: 30_000, what: `${question} after:\n${shown}` })
    seen = shown.length
    child.stdin.write(keys)
  }
  return {
    press,
    answer: (question, line) => press(question, `${line}\r`),
    screen: () => shown,
    ended,
    async [Symbol.asyncDispose]() {
      child.kill()
      await ended
    },
  }
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`
}
