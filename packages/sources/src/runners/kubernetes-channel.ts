import { setTimeout as delay } from 'node:timers/promises'
import type { KubernetesViaConfig } from '@backstream/config'
import { SourceError } from '../source-error.ts'
import type { Channel, ChannelEnd } from './channel.ts'
import { explainAnswer, kubectlAnswers } from './client-answers.ts'
import {
  type Chosen,
  choosePod,
  type Pod,
  selectorOf,
  type Wanted,
  type Workload,
} from './kubernetes-pods.ts'
import { type ClientAnswer, queryClient } from './query-client.ts'

const limitMs = 60_000
/** How often a pod is looked for that is to come up. */
const lookMs = 2_000

/** A container of a pod, found anew each time: pods come and go. */
export function createKubernetesChannel(
  target: KubernetesViaConfig,
  env: Readonly<Record<string, string>>,
): Channel {
  const label = labelOf(target)
  const cluster = new Cluster(target, env)
  return {
    place: `in the ${label}`,
    client: 'kubectl',
    async open({ signal }): Promise<ChannelEnd> {
      const { pod, container } = await cluster.find(
        { label, container: target.container, pickAny: target.pickAny },
        signal,
      )
      return {
        place: `in the pod ${pod}, container ${container}`,
        commandLine: (inner) => [
          ...cluster.argv('exec', '-i', pod, '-c', container),
          '--',
          ...inner,
        ],
      }
    },
    explain: (said) => explainAnswer(said, kubectlAnswers),
  }
}

function labelOf({ workload, selector, pod }: KubernetesViaConfig): string {
  if (workload !== null) return `pod of ${workload}`
  return selector !== null ? `pod with ${selector}` : `pod ${pod}`
}

/** Questions to a cluster. */
class Cluster {
  readonly #target: KubernetesViaConfig
  readonly #env: Readonly<Record<string, string>>

  constructor(target: KubernetesViaConfig, env: Readonly<Record<string, string>>) {
    this.#target = target
    this.#env = env
  }

  argv(...args: readonly string[]): string[] {
    const { context, namespace } = this.#target
    return [
      'kubectl',
      ...(context === null ? [] : ['--context', context]),
      ...(namespace === null ? [] : ['--namespace', namespace]),
      ...args,
    ]
  }

  /** The pod to go to; one that is not ready yet is waited for as long as `waitFor` says. */
  async find(wanted: Wanted, signal: AbortSignal): Promise<Chosen> {
    const looks = Math.ceil(this.#target.waitForMs / lookMs)
    for (let look = 0; ; look++) {
      const pods = await this.#pods(wanted, signal)
      try {
        return choosePod(pods, wanted)
      } catch (error) {
        const mayPass = error instanceof SourceError && !error.permanent
        if (!mayPass || look >= looks) throw error
        await delay(lookMs, undefined, { signal })
      }
    }
  }

  async #pods(wanted: Wanted, signal: AbortSignal): Promise<readonly Pod[]> {
    const { pod, selector, workload } = this.#target
    const which =
      pod === null
        ? ['--selector', selector ?? (await this.#selectorOf(workload ?? '', wanted, signal))]
        : // By its name among all: one that is to come is no error, and is waited for.
          ['--field-selector', `metadata.name=${pod}`]
    const list = await this.#get<{ items: Pod[] }>(['pods', ...which], wanted, signal)
    return list.items
  }

  async #selectorOf(workload: string, wanted: Wanted, signal: AbortSignal): Promise<string> {
    const selector = selectorOf(await this.#get<Workload>([workload], wanted, signal))
    if (selector !== null) return selector
    throw new SourceError('place-missing', `${workload} does not say which pods are its own`, {
      permanent: true,
      remedy:
        'Name a deployment, statefulset, daemonset, replicaset, job or service; or use pod or selector.',
    })
  }

  async #get<T>(what: readonly string[], { label }: Wanted, signal: AbortSignal): Promise<T> {
    const argv = this.argv('get', ...what, '--output', 'json', '--request-timeout', '30s')
    const answer = await queryClient(argv, { env: this.#env, signal, limitMs })
    if (answer.status !== 0) throw refused(answer, label)
    try {
      return JSON.parse(answer.stdout) as T
    } catch (cause) {
      throw new SourceError('place-unreachable', `What kubectl says of the ${label} is no JSON`, {
        cause,
        remedy: 'Run `kubectl get pods -o json` by hand, as the user of the worker.',
      })
    }
  }
}

function refused({ status, stderr }: ClientAnswer, label: string): SourceError {
  const known = explainAnswer(stderr, kubectlAnswers)
  return new SourceError(
    known?.message === 'the cluster has nothing of that name'
      ? 'place-missing'
      : 'place-unreachable',
    `The ${label} cannot be looked for: ${known?.message ?? `kubectl ended with status ${status}`}. It said: ${stderr.slice(-2000)}`,
    {
      permanent: known?.permanent ?? false,
      remedy: known?.remedy ?? 'Run `kubectl get pods` by hand as the user of the worker.',
    },
  )
}
