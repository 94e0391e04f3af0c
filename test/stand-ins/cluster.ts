import type { FarEnd } from './far-end.ts'

/** What the kubectl of the tests finds in its KUBECONFIG: a cluster small enough to write down. */
export interface StandInCluster {
  /** `refused`: its API server does not answer; `forbidden`: it allows nothing. */
  readonly state?: 'refused' | 'forbidden'
  readonly contexts?: readonly string[]
  readonly workloads: readonly StandInWorkload[]
  readonly pods: readonly StandInPod[]
}

export interface StandInWorkload {
  readonly namespace?: string
  /** `Deployment`, `StatefulSet`, `Service` … */
  readonly kind: string
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
}

export interface StandInPod extends FarEnd {
  readonly namespace?: string
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly containers: readonly string[]
  readonly defaultContainer?: string
  /** `Running` and ready when absent. */
  readonly phase?: 'Pending' | 'Running' | 'Succeeded' | 'Failed'
  readonly waiting?: string
}

/** A pod as `kubectl get pod -o json` shows it, as far as anybody here looks. */
export function podDocument(pod: StandInPod): object {
  const { namespace = 'default', phase = 'Running', waiting } = pod
  const isReady = phase === 'Running' && waiting === undefined
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: pod.name,
      namespace,
      labels: pod.labels,
      ...(pod.defaultContainer && {
        annotations: { 'kubectl.kubernetes.io/default-container': pod.defaultContainer },
      }),
    },
    spec: { containers: pod.containers.map((name) => ({ name, image: `${name}:1` })) },
    status: {
      phase,
      conditions: [{ type: 'Ready', status: isReady ? 'True' : 'False' }],
      containerStatuses: pod.containers.map((name) => ({
        name,
        ready: isReady,
        state: waiting === undefined ? { running: {} } : { waiting: { reason: waiting } },
      })),
    },
  }
}

export function workloadDocument({
  kind,
  name,
  namespace = 'default',
  labels,
}: StandInWorkload): object {
  return {
    kind,
    metadata: { name, namespace },
    spec: { selector: kind === 'Service' ? labels : { matchLabels: labels } },
  }
}

/** `app=db,tier in (a,b)`: as far as the tests use it. */
export function matchesSelector(
  labels: Readonly<Record<string, string>>,
  selector: string,
): boolean {
  return selector.split(',').every((term) => {
    const [key = '', value] = term.split(/==?/)
    return value === undefined ? Object.hasOwn(labels, key) : labels[key] === value
  })
}
