import { SourceError } from '../source-error.ts'
import type { Channel, ChannelEnd } from './channel.ts'
import { dockerAnswers, explainAnswer } from './client-answers.ts'
import { type ClientAnswer, queryClient } from './query-client.ts'

export interface DockerTarget {
  /** For messages: `container shop-db`, `service db of the project shop`. */
  readonly label: string
  /** Filters of `docker ps` that choose it; empty where only the name does. */
  readonly filters: readonly string[]
  /** A container's name, or the beginning of its id; null where the filters say it all. */
  readonly name: string | null
  /** Take one of several. */
  readonly pickAny: boolean
}

export function dockerTarget(target: {
  readonly container: string
  readonly pickAny: boolean
}): DockerTarget {
  const { container, pickAny } = target
  return { label: `container ${container}`, filters: [], name: container, pickAny }
}

/** A service of Docker Compose: its labels say which containers are its own. */
export function composeTarget(target: {
  readonly project: string
  readonly service: string
  readonly pickAny: boolean
}): DockerTarget {
  const { project, service, pickAny } = target
  return {
    label: `service ${service} of the project ${project}`,
    filters: [
      `label=com.docker.compose.project=${project}`,
      `label=com.docker.compose.service=${service}`,
      'label=com.docker.compose.oneoff=False',
    ],
    name: null,
    pickAny,
  }
}

const limitMs = 60_000

/** A container on this machine, or where DOCKER_HOST points. */
export function createDockerChannel(
  target: DockerTarget,
  env: Readonly<Record<string, string>>,
): Channel {
  return {
    place: `in the ${target.label}`,
    client: 'docker',
    async open({ signal }): Promise<ChannelEnd> {
      const argv = ['docker', 'ps', '--no-trunc', '--format', '{{.ID}} {{.Names}}']
      const filters = target.filters.flatMap((filter) => ['--filter', filter])
      const answer = await queryClient([...argv, ...filters], { env, signal, limitMs })
      const found = choose(containersOf(answer, target), target)
      return {
        place: `in the container ${found.name}`,
        commandLine: (inner) => ['docker', 'exec', '-i', found.id, ...inner],
      }
    },
    explain: (said) => explainAnswer(said, dockerAnswers),
  }
}

interface Container {
  readonly id: string
  readonly name: string
}

function containersOf(
  { status, stdout, stderr }: ClientAnswer,
  { label }: DockerTarget,
): Container[] {
  if (status !== 0) {
    const known = explainAnswer(stderr, dockerAnswers)
    throw new SourceError(
      'place-unreachable',
      `The ${label} cannot be looked for: ${known?.message ?? `docker ended with status ${status}`}. It said: ${stderr}`,
      {
        permanent: known?.permanent ?? false,
        remedy: known?.remedy ?? 'Run `docker ps` by hand as the user of the worker.',
      },
    )
  }
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [id = '', names = ''] = line.split(' ')
      return { id, name: names.split(',')[0] ?? id }
    })
}

function choose(running: readonly Container[], { label, name, pickAny }: DockerTarget): Container {
  const exact = running.filter((container) => container.name === name)
  const byId = /^[0-9a-f]{4,64}$/.test(name ?? '')
    ? running.filter(({ id }) => id.startsWith(name ?? ''))
    : []
  const matches = name === null ? running : exact.length > 0 ? exact : byId
  const [first] = matches
  if (!first) {
    throw new SourceError('place-missing', `The ${label} does not run`, {
      remedy: 'Start it, or correct its name; `docker ps` lists what runs.',
    })
  }
  if (matches.length > 1 && !pickAny) {
    const names = matches.map((container) => container.name).join(', ')
    throw new SourceError('place-ambiguous', `There are several of the ${label}: ${names}`, {
      permanent: true,
      remedy: 'Name one of them under docker, or set pick: any if they all hold the same.',
    })
  }
  return first
}
