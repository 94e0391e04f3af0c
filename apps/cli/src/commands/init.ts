import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { Command, Option } from 'commander'
import { parseStorageAddress, type StorageAddress } from '../actions/parse-storage-address.ts'
import { CliError, notYet } from '../cli-error.ts'
import {
  type CommandContext,
  type GlobalOptions,
  openSession,
  type Session,
} from '../command-context.ts'

interface InitOptions {
  readonly path?: readonly string[]
  readonly storage?: string
  readonly endpoint?: string
  readonly region?: string
  readonly force?: boolean
  readonly postgres?: string
}

export function defineInit(context: CommandContext): Command {
  return new Command('init')
    .description('write a first configuration, by flags or asking; never a secret in it')
    .option('--path <dir>', 'directory to back up; may be given several times', collect)
    .option('--storage <address>', 's3://BUCKET/PREFIX')
    .option('--endpoint <url>', 'of a store other than AWS')
    .option('--region <region>', 'of the bucket')
    .option('--force', 'replace a configuration that is there')
    .addOption(new Option('--postgres <uri>', 'a database: not yet in this version'))
    .action((options: InitOptions, command: Command) =>
      init(openSession(context, command), options, command.optsWithGlobals()),
    )
}

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value]
}

interface Answers {
  readonly paths: readonly string[]
  readonly storage: StorageAddress
  readonly endpoint: string | null
  readonly region: string | null
}

async function init(session: Session, options: InitOptions, given: GlobalOptions): Promise<void> {
  if (options.postgres !== undefined) throw notYet('`init --postgres`')
  const file = given.config ?? session.settings.configFile ?? 'backstream.yaml'
  const answers = await answersFor(session, options)
  const { renderInitialConfig } = await import('@backstream/config')
  const { paths, storage, endpoint, region } = answers
  const text = renderInitialConfig({
    paths,
    ...storage,
    ...(endpoint === null ? {} : { endpoint }),
    ...(region === null ? {} : { region }),
  })
  if (file === '-') return session.print(text)
  await write(file, text, options.force === true)
  const variables = variablesIn(text)
  if (session.json) return session.printJson({ format: 'backstream.init/1', file, variables })
  const facts = { isAws: endpoint === null, hasRegion: region !== null }
  const steps = nextSteps({ file, variables, given, ...facts })
  session.print(`wrote ${file}\n\nNext:\n${steps}`)
}

async function answersFor(session: Session, options: InitOptions): Promise<Answers> {
  const isAsking =
    session.stdin.isTTY === true &&
    session.stdout.isTTY === true &&
    !session.json &&
    !isFull(options)
  const asked = isAsking ? await ask(session, options) : options
  const { path: paths = [], storage } = asked
  if (paths.length === 0 || storage === undefined) {
    throw new CliError('usage', 'init needs a directory and a storage', {
      remedy: 'Say --path DIR and --storage s3://BUCKET/PREFIX, or run it on a terminal.',
    })
  }
  return {
    paths: paths.map((path) => resolve(path)),
    storage: parseStorageAddress(storage),
    endpoint: asked.endpoint ? checkEndpoint(asked.endpoint) : null,
    region: asked.region || null,
  }
}

function isFull({ path, storage }: InitOptions): boolean {
  return path !== undefined && storage !== undefined
}

/** Only for what the flags leave open. Lines that come all at once, as when pasted, all count. */
async function ask(session: Session, options: InitOptions): Promise<InitOptions> {
  const terminal = createInterface({ input: session.stdin, output: session.stdout })
  const lines = terminal[Symbol.asyncIterator]()
  let end = new CliError('usage', 'the input ended before every question was answered')
  terminal.on('SIGINT', () => {
    end = new CliError('interrupted', 'interrupted; nothing was written')
    terminal.close()
  })
  const question = async (text: string) => {
    terminal.setPrompt(text)
    terminal.prompt()
    const { value, done } = await lines.next()
    if (done) throw end
    return value.trim()
  }
  try {
    const path = options.path ?? [await question('Directory to back up: ')]
    const storage = options.storage ?? (await question('Where to, s3://BUCKET/PREFIX: '))
    const endpoint = options.endpoint ?? (await question('Endpoint (empty for AWS): '))
    const region = options.region ?? (await question('Region (empty if the store has none): '))
    return { path: path.filter(Boolean), storage, endpoint, region }
  } finally {
    terminal.close()
  }
}

function checkEndpoint(text: string): string {
  const url = URL.parse(text)
  if (url && /^https?:$/.test(url.protocol) && !url.username && !url.password) return text
  // Not the text itself: it may hold a password.
  throw new CliError('usage', '--endpoint is not an address without credentials', {
    remedy: 'Write it like https://s3.example.com; credentials are read from variables.',
  })
}

async function write(file: string, text: string, mayReplace: boolean): Promise<void> {
  try {
    await writeFile(file, text, { flag: mayReplace ? 'w' : 'wx' })
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') {
      throw new CliError('refused', `${file} is there already`, {
        remedy: 'Name another file with --config, or say --force to replace it.',
      })
    }
    throw new CliError('failed', `${file} cannot be written`, { cause })
  }
}

/** The variables a configuration cannot be loaded or used without. */
function variablesIn(text: string): string[] {
  const uncommented = text.replace(/(?:^|\s)#.*$/gm, '')
  const names = [...uncommented.matchAll(/\$\{(\w+)(?::\?[^}]*)?\}|\benv: (\w+)/g)]
  return [...new Set(names.map((match) => match[1] ?? match[2] ?? ''))]
}

interface Written {
  readonly file: string
  readonly variables: readonly string[]
  readonly isAws: boolean
  readonly hasRegion: boolean
  readonly given: GlobalOptions
}

function nextSteps({ file, variables, isAws, hasRegion, given }: Written): string {
  const flag = given.config === undefined ? '' : ` --config ${file}`
  const wanted = [
    ...variables,
    ...(isAws ? ['AWS credentials as the AWS tools find them, such as AWS_ACCESS_KEY_ID'] : []),
    ...(isAws && !hasRegion ? ['AWS_REGION'] : []),
  ]
  const steps = [
    ...(wanted.length > 0 ? [`set ${wanted.join(', ')}`] : []),
    `backstream validate${flag}`,
    `backstream doctor${flag}`,
    `backstream up${flag}`,
  ]
  return steps.map((step, at) => `  ${at + 1}. ${step}\n`).join('')
}
