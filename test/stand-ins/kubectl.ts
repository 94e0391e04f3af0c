/**
 * Stands in for kubectl: its argument grammar, its words, its exit statuses and its ways to fail, on
 * a cluster that is described in the file KUBECONFIG names. What it runs, it runs on this machine.
 */
import { readFileSync } from 'node:fs'
import {
  matchesSelector,
  podDocument,
  type StandInCluster,
  type StandInPod,
  workloadDocument,
} from './cluster.ts'
import { type CommandLine, type Grammar, parseCommandLine, UnknownFlag } from './command-line.ts'
import { runAtFarEnd } from './far-end.ts'

const grammar: Grammar = {
  flags: {
    context: 'value',
    namespace: 'value',
    kubeconfig: 'value',
    'request-timeout': 'value',
    output: 'value',
    selector: 'value',
    container: 'value',
    stdin: 'none',
    tty: 'none',
    quiet: 'none',
    'pod-running-timeout': 'value',
    'field-selector': 'value',
  },
  short: {
    n: 'namespace',
    o: 'output',
    l: 'selector',
    c: 'container',
    i: 'stdin',
    t: 'tty',
    q: 'quiet',
  },
}

class Refused extends Error {
  readonly status: number
  constructor(message: string, status = 1) {
    super(message)
    this.status = status
  }
}

const kinds: Readonly<Record<string, string>> = {
  deployment: 'deployments.apps',
  statefulset: 'statefulsets.apps',
  service: 'services',
}

try {
  process.exitCode = await kubectl(process.argv.slice(2))
} catch (error) {
  if (!(error instanceof Refused) && !(error instanceof UnknownFlag)) throw error
  process.stderr.write(`${error instanceof Refused ? '' : 'error: '}${error.message}\n`)
  process.exitCode = error instanceof Refused ? error.status : 1
}
// A dropped session: nothing is waited for, what runs at the far end least of all.
process.exit()

async function kubectl(args: readonly string[]): Promise<number> {
  const line = parseCommandLine(args, grammar)
  const cluster = JSON.parse(
    readFileSync(process.env['KUBECONFIG'] ?? '', 'utf8'),
  ) as StandInCluster
  const [context] = line.flags.get('context') ?? []
  if (context !== undefined && !cluster.contexts?.includes(context)) {
    throw new Refused(`error: context "${context}" does not exist`)
  }
  if (cluster.state === 'refused') {
    // Once for each group it asks for, before it gives up.
    process.stderr.write(
      'E1128 03:15:00.399754   24245 memcache.go:265] "Unhandled Error" err="couldn\'t get current server API group list: dial tcp 127.0.0.1:6443: connect: connection refused"\n',
    )
    throw new Refused(
      'The connection to the server 127.0.0.1:6443 was refused - did you specify the right host or port?',
    )
  }
  const [command, ...words] = line.words
  if (command === 'get') return get(cluster, { ...line, words })
  if (command === 'exec') return await exec(cluster, { ...line, words })
  throw new Refused(`error: unknown command "${command}" for "kubectl"`)
}

function get(cluster: StandInCluster, line: CommandLine): number {
  const [what = '', name] = line.words
  const namespace = line.flags.get('namespace')?.[0] ?? 'default'
  if (cluster.state === 'forbidden') {
    throw new Refused(
      `Error from server (Forbidden): ${what} is forbidden: User "worker" cannot list resource "${what}" in API group "" in the namespace "${namespace}"`,
    )
  }
  if (line.flags.get('output')?.[0] !== 'json')
    throw new Refused('error: the stand-in prints json only')
  const [kind = '', ofKind] = what.split('/')
  const wanted = ofKind ?? name
  const isPod = ['pod', 'pods', 'po'].includes(kind)
  const document =
    isPod && wanted === undefined
      ? listPods(cluster, namespace, line.flags)
      : isPod
        ? podDocument(podNamed(cluster, namespace, wanted ?? ''))
        : workload(cluster, namespace, { kind, name: wanted ?? '' })
  process.stdout.write(JSON.stringify(document))
  return 0
}

function listPods(cluster: StandInCluster, namespace: string, flags: CommandLine['flags']): object {
  const [selector] = flags.get('selector') ?? []
  const [field] = flags.get('field-selector') ?? []
  const pods = cluster.pods.filter(
    (pod) =>
      (pod.namespace ?? 'default') === namespace &&
      (selector === undefined || matchesSelector(pod.labels, selector)) &&
      (field === undefined || field === `metadata.name=${pod.name}`),
  )
  return { apiVersion: 'v1', kind: 'List', items: pods.map(podDocument) }
}

function podNamed(cluster: StandInCluster, namespace: string, name: string): StandInPod {
  const pod = cluster.pods.find(
    (one) => one.name === name && (one.namespace ?? 'default') === namespace,
  )
  if (!pod) throw new Refused(`Error from server (NotFound): pods "${name}" not found`)
  return pod
}

function workload(
  cluster: StandInCluster,
  namespace: string,
  { kind, name }: { readonly kind: string; readonly name: string },
): object {
  const resource = kinds[kind.replace(/s$/, '')]
  if (resource === undefined) {
    throw new Refused(`error: the server doesn't have a resource type "${kind}"`)
  }
  const found = cluster.workloads.find(
    (one) =>
      one.name === name &&
      one.kind.toLowerCase() === kind.replace(/s$/, '') &&
      (one.namespace ?? 'default') === namespace,
  )
  if (!found) throw new Refused(`Error from server (NotFound): ${resource} "${name}" not found`)
  return workloadDocument(found)
}

async function exec(cluster: StandInCluster, line: CommandLine): Promise<number> {
  const [name = ''] = line.words
  if (line.words.length !== 1 || line.rest === null) {
    throw new Refused('error: you must specify at least one command for the container')
  }
  const namespace = line.flags.get('namespace')?.[0] ?? 'default'
  const pod = podNamed(cluster, namespace, name)
  if ((pod.phase ?? 'Running') !== 'Running') {
    throw new Refused(
      `error: cannot exec into a container in a completed pod; current phase is ${pod.phase}`,
    )
  }
  const [container = pod.containers[0] ?? ''] = line.flags.get('container') ?? []
  if (!line.flags.has('container') && pod.containers.length > 1) {
    process.stderr.write(
      `Defaulted container "${container}" out of: ${pod.containers.join(', ')}\n`,
    )
  }
  if (!pod.containers.includes(container)) {
    throw new Refused(
      `Error from server (BadRequest): container ${container} is not valid for pod ${name}`,
    )
  }
  if (pod.fault?.kind === 'no-shell') {
    throw new Refused(
      `error: Internal error occurred: error executing command in container: failed to exec in container: OCI runtime exec failed: exec failed: unable to start container process: exec: "${line.rest[0]}": executable file not found in $PATH: unknown`,
    )
  }
  const status = await runAtFarEnd(line.rest, pod, { hasInput: line.flags.has('stdin') })
  // kubernetes/kubernetes#73056: a dropped session ends with status 0.
  if (status === null) return 0
  if (status !== 0) process.stderr.write(`command terminated with exit code ${status}\n`)
  return status
}
