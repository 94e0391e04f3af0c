import { resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { CliError } from '../cli-error.ts'
import type { Session } from '../command-context.ts'
import {
  type InitSubject,
  type ServerKind,
  serverKinds,
  subjectOfAnswer,
  subjectOfFlag,
} from './init-subject.ts'
import { parseStorageAddress, type StorageAddress } from './parse-storage-address.ts'

export interface InitOptions extends Partial<Record<ServerKind, readonly string[]>> {
  readonly path?: readonly string[]
  readonly sqlite?: readonly string[]
  readonly passwordFile?: string
  readonly storage?: string
  readonly endpoint?: string
  readonly region?: string
  readonly encryption: boolean
  readonly probe: boolean
  readonly force?: boolean
}

export interface InitAnswers {
  /** At least one. */
  readonly subjects: readonly InitSubject[]
  readonly storage: StorageAddress
  readonly endpoint: string | null
  readonly region: string | null
}

/** From the flags, and where these leave something open, from whoever sits at the terminal. */
export async function answersFor(session: Session, options: InitOptions): Promise<InitAnswers> {
  const said = subjectsOf(options)
  const isFull = said.length > 0 && options.storage !== undefined
  const asked =
    canAsk(session) && !isFull
      ? await ask(session, { ...options, said })
      : { ...options, subjects: said }
  const { subjects, storage, endpoint, region } = asked
  if (subjects.length === 0 || storage === undefined) {
    throw new CliError('usage', 'init needs something to back up and a storage', {
      remedy:
        'Say --path DIR or --postgres URI (or another database), and --storage s3://BUCKET/PREFIX; or run it on a terminal.',
    })
  }
  return {
    subjects,
    storage: parseStorageAddress(storage),
    endpoint: endpoint ? checkEndpoint(endpoint) : null,
    region: region || null,
  }
}

/** Whether somebody is there to answer. */
export function canAsk({ stdin, stdout, json }: Session): boolean {
  return stdin.isTTY === true && stdout.isTTY === true && !json
}

function subjectsOf(options: InitOptions): readonly InitSubject[] {
  return [
    ...serverKinds.flatMap((kind) => (options[kind] ?? []).map((uri) => subjectOfFlag(kind, uri))),
    ...(options.sqlite ?? []).map((path) => ({ kind: 'sqlite', path: resolve(path) }) as const),
    ...(options.path ?? []).map((path) => ({ kind: 'directory', path: resolve(path) }) as const),
  ]
}

interface Asked {
  readonly subjects: readonly InitSubject[]
  readonly storage: string
  readonly endpoint: string
  readonly region: string
}

/** Only for what the flags leave open. Lines that come all at once, as when pasted, all count. */
async function ask(
  session: Session,
  { said, ...options }: InitOptions & { readonly said: readonly InitSubject[] },
): Promise<Asked> {
  const terminal = createInterface({ input: session.stdin, output: session.stdout })
  const lines = terminal[Symbol.asyncIterator]()
  let end = new CliError('usage', 'the input ended before every question was answered', {
    remedy:
      'Answer all of them; or say --path and --storage, and nothing is asked. Nothing was written.',
  })
  terminal.on('SIGINT', () => {
    end = new CliError('interrupted', 'interrupted; nothing was written')
    terminal.close()
  })
  let isOpen = true
  terminal.once('close', () => {
    isOpen = false
  })
  const question = async (text: string) => {
    terminal.setPrompt(text)
    if (isOpen) terminal.prompt()
    else session.stdout.write(text)
    const { value, done } = await lines.next()
    if (done) throw end
    return value.trim()
  }
  try {
    const subjects =
      said.length > 0
        ? said
        : asSubjects(
            await question('What to back up, a directory or postgres://USER@HOST/DATABASE: '),
          )
    const storage = options.storage ?? (await question('Where to, s3://BUCKET/PREFIX: '))
    const endpoint = options.endpoint ?? (await question('Endpoint (empty for AWS): '))
    const region = options.region ?? (await question('Region (empty if the store has none): '))
    return { subjects, storage, endpoint, region }
  } finally {
    terminal.close()
  }
}

function asSubjects(answer: string): readonly InitSubject[] {
  return answer === '' ? [] : [subjectOfAnswer(answer)]
}

function checkEndpoint(text: string): string {
  const url = URL.parse(text)
  if (url && /^https?:$/.test(url.protocol) && !url.username && !url.password) return text
  // Not the text itself: it may hold a password.
  throw new CliError('usage', '--endpoint is not an address without credentials', {
    remedy: 'Write it like https://s3.example.com; credentials are read from variables.',
  })
}
