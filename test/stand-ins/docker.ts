/**
 * Stands in for docker: `ps` and `exec` with their argument grammar, words and exit statuses, on
 * containers that the file `containers.json` in DOCKER_CONFIG describes.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Grammar, parseCommandLine, UnknownFlag } from './command-line.ts'
import { type FarEnd, runAtFarEnd } from './far-end.ts'

export interface StandInContainer extends FarEnd {
  /** 64 hex digits. */
  readonly id: string
  readonly name: string
  readonly labels?: Readonly<Record<string, string>>
  readonly isStopped?: boolean
}

const psGrammar: Grammar = {
  flags: { all: 'none', filter: 'value', format: 'value', 'no-trunc': 'none', quiet: 'none' },
  short: { a: 'all', f: 'filter', q: 'quiet' },
}
const execGrammar: Grammar = {
  flags: {
    interactive: 'none',
    tty: 'none',
    detach: 'none',
    env: 'value',
    'env-file': 'value',
    user: 'value',
    workdir: 'value',
    privileged: 'none',
  },
  short: { i: 'interactive', t: 'tty', d: 'detach', e: 'env', u: 'user', w: 'workdir' },
  stopsAfter: 1,
}

try {
  process.exitCode = await docker(process.argv.slice(2))
} catch (error) {
  if (!(error instanceof UnknownFlag)) throw error
  process.stderr.write(`${error.message}\n\nUsage:  docker COMMAND\n`)
  process.exitCode = 125
}
// A dropped session: nothing is waited for, what runs at the far end least of all.
process.exit()

async function docker([command = '', ...args]: readonly string[]): Promise<number> {
  const containers = readContainers()
  if (containers === null) {
    return refuse(
      'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?',
    )
  }
  if (command === 'ps') return ps(containers, args)
  if (command === 'exec') return await exec(containers, args)
  return refuse(`docker: '${command}' is not a docker command.`)
}

/** Null where no daemon answers. */
function readContainers(): readonly StandInContainer[] | null {
  try {
    return JSON.parse(
      readFileSync(join(process.env['DOCKER_CONFIG'] ?? '', 'containers.json'), 'utf8'),
    )
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

function ps(containers: readonly StandInContainer[], args: readonly string[]): number {
  const { flags } = parseCommandLine(args, psGrammar)
  const format = flags.get('format')?.[0] ?? '{{.ID}}'
  for (const container of containers) {
    if (container.isStopped && !flags.has('all')) continue
    if (!(flags.get('filter') ?? []).every((filter) => matches(container, filter))) continue
    const id = flags.has('no-trunc') ? container.id : container.id.slice(0, 12)
    process.stdout.write(`${format.replace('{{.ID}}', id).replace('{{.Names}}', container.name)}\n`)
  }
  return 0
}

function matches({ labels = {} }: StandInContainer, filter: string): boolean {
  const [, key = '', value] = /^label=([^=]+)(?:=(.*))?$/.exec(filter) ?? []
  return value === undefined ? Object.hasOwn(labels, key) : labels[key] === value
}

async function exec(
  containers: readonly StandInContainer[],
  args: readonly string[],
): Promise<number> {
  const { flags, words } = parseCommandLine(args, execGrammar)
  const [name = '', ...argv] = words
  if (argv.length === 0) return refuse("docker: 'docker exec' requires at least 2 arguments")
  const container = containers.find((one) => one.name === name || one.id.startsWith(name))
  if (!container) return refuse(`Error response from daemon: No such container: ${name}`)
  if (container.isStopped)
    return refuse(`Error response from daemon: container ${container.id} is not running`)
  if (container.fault?.kind === 'no-shell') {
    process.stderr.write(
      `OCI runtime exec failed: exec failed: unable to start container process: exec: "${argv[0]}": executable file not found in $PATH: unknown\n`,
    )
    return 127
  }
  return (await runAtFarEnd(argv, container, { hasInput: flags.has('interactive') })) ?? 0
}

function refuse(message: string): number {
  process.stderr.write(`${message}\n`)
  return 1
}
