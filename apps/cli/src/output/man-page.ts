import type { CommandGrammar, Grammar, OptionGrammar, ValueGrammar } from '../grammar.ts'

/** The man page backstream(1), as roff for `man`, groff and mandoc. */
export function renderManPage(grammar: Grammar, { version }: { readonly version: string }): string {
  const groups = [...new Set(grammar.commands.map(({ group }) => group))]
  return lines(
    `.TH BACKSTREAM 1 "" ${quote(`backstream ${version}`)} "User Commands"`,
    '.SH NAME',
    `backstream \\- ${roff(lowerFirst(grammar.description))}`,
    '.SH SYNOPSIS',
    '.B backstream',
    roff('COMMAND [ARGUMENT]… [OPTION]…'),
    '.SH DESCRIPTION',
    roff(
      'A plan says what to read, where to put it, when, and how long to keep it. A backup is called one ' +
        'only once it can be restored: its manifest is written last.',
    ),
    '.PP',
    roff(
      'REF is PLAN or PLAN/latest (the newest good backup) or PLAN/ID, where a unique beginning of ID is ' +
        'enough. TIME is ISO 8601 (local zone if none) or an age such as 36h.',
    ),
    '.SH COMMANDS',
    ...groups.flatMap((group) => [
      `.SS ${quote(group)}`,
      ...grammar.commands.filter((command) => command.group === group).flatMap(describeCommand),
    ]),
    '.SH OPTIONS OF EVERY COMMAND',
    ...grammar.options.flatMap(describeOption),
    '.SH ENVIRONMENT',
    ...environment.flatMap(describeTerm),
    '.SH FILES',
    ...files.flatMap(describeTerm),
    '.SH EXIT STATUS',
    ...statuses.flatMap(describeTerm),
    '.SH EXAMPLES',
    ...examples.flatMap(describeTerm),
    '.SH SEE ALSO',
    '.BR age (1),',
    '.BR zstd (1),',
    '.BR tar (1)',
  )
}

const environment = [
  ['BACKSTREAM_CONFIG', 'the configuration, as --config'],
  ['BACKSTREAM_NAME', 'the installation, instead of its name in the configuration'],
  ['BACKSTREAM_WORKER_NAME', 'as --name of worker'],
  ['BACKSTREAM_WORKER_CONCURRENCY', 'as --concurrency of worker'],
  ['BACKSTREAM_SERVES', 'as --serves of worker'],
  ['BACKSTREAM_BOARD_LISTEN', 'where the board listens: ADDRESS:PORT'],
  ['BACKSTREAM_LOG_LEVEL', 'debug, info, warn or error'],
  ['BACKSTREAM_LOG_FORMAT', 'as --log-format'],
  ['BACKSTREAM_IDENTITY_FILE', 'as --identity'],
  ['REDIS_URL', 'what the configuration may name; REDIS_URL_FILE: a file that holds it'],
  ['NO_COLOR', 'no colours when it is set'],
  ['TZ', 'the zone in which times are shown'],
] as const

const files = [
  ['./backstream.yaml, /etc/backstream/backstream.yaml', 'the configuration, in this order'],
] as const

const statuses = [
  ['0', 'done'],
  ['1', 'failed'],
  ['2', 'usage or configuration'],
  ['3', 'done, but not all of it'],
  ['4', 'refused for safety'],
  ['5', 'no such plan, backup or path'],
  ['124', '--timeout passed'],
  ['130', 'interrupted'],
] as const

const examples = [
  ['backstream run media --wait', 'back up now, and end with the outcome'],
  ['backstream status --check', 'exit 1 when a plan needs somebody'],
  ['backstream restore media --to /tmp/media', 'bring the newest good backup back'],
] as const

function describeCommand({ name, description, ...rest }: CommandGrammar): string[] {
  return [
    '.TP',
    `.B ${roff([name, ...rest.arguments.map(placeholder)].join(' '))}`,
    roff(description),
    ...(rest.options.length > 0 ? ['.RS', ...rest.options.flatMap(describeOption), '.RE'] : []),
  ]
}

function placeholder({ name, isRequired, isVariadic }: ValueGrammar): string {
  const shown = `${name.toUpperCase()}${isVariadic ? '…' : ''}`
  return isRequired ? shown : `[${shown}]`
}

function describeOption({ short, long, description, value }: OptionGrammar): string[] {
  const flags = [short, long].filter((flag) => flag !== null).join(', ')
  const shown = value === null ? flags : `${flags} ${value.name.toUpperCase()}`
  return describeTerm([shown, description])
}

function describeTerm([term, text]: readonly [string, string]): string[] {
  return ['.TP', `.B ${quote(term)}`, roff(text)]
}

/** Backslashes and hyphens mean themselves; a line must not begin like a request. */
function roff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('…', '...')
    .replace(/^(?=[.'])/, '\\&')
}

function quote(text: string): string {
  return `"${roff(text).replaceAll('"', '\\(dq')}"`
}

function lowerFirst(text: string): string {
  return `${text.charAt(0).toLowerCase()}${text.slice(1)}`
}

function lines(...all: string[]): string {
  return `${all.join('\n')}\n`
}
