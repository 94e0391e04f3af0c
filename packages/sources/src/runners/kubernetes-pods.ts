/** What `kubectl get … -o json` says, and which pod and container of it are meant. */
import { SourceError } from '../source-error.ts'

export interface Pod {
  readonly metadata: {
    readonly name: string
    readonly deletionTimestamp?: string
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly spec: { readonly containers: readonly { readonly name: string }[] }
  readonly status?: {
    readonly phase?: string
    readonly reason?: string
    readonly conditions?: readonly { readonly type: string; readonly status: string }[]
    readonly containerStatuses?: readonly ContainerStatus[]
  }
}

interface ContainerStatus {
  readonly name: string
  readonly ready?: boolean
  readonly state?: {
    readonly running?: unknown
    readonly waiting?: { readonly reason?: string }
    readonly terminated?: { readonly reason?: string }
  }
}

export interface Workload {
  readonly kind: string
  readonly spec?: { readonly selector?: unknown }
}

interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>
  readonly matchExpressions?: readonly MatchExpression[]
}

interface MatchExpression {
  readonly key: string
  readonly operator: string
  readonly values?: readonly string[]
}

/** The label selector of a workload's pods, as `kubectl get pods --selector` takes it; null without one. */
export function selectorOf({ kind, spec }: Workload): string | null {
  if (typeof spec?.selector !== 'object' || spec.selector === null) return null
  // A service's selector, and a replication controller's, are the labels themselves.
  const isPlain = kind === 'Service' || kind === 'ReplicationController'
  const selector = (isPlain ? { matchLabels: spec.selector } : spec.selector) as LabelSelector
  const terms = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => `${key}=${value}`)
  terms.push(...(selector.matchExpressions ?? []).map(termOf))
  return terms.length === 0 ? null : terms.join(',')
}

function termOf({ key, operator, values = [] }: MatchExpression): string {
  if (operator === 'In') return `${key} in (${values.join(',')})`
  if (operator === 'NotIn') return `${key} notin (${values.join(',')})`
  return operator === 'Exists' ? key : `!${key}`
}

export interface Wanted {
  /** For messages: `pod of deployment/db`, `pod with app=db`, `pod db-0`. */
  readonly label: string
  readonly container: string | null
  readonly pickAny: boolean
}

export interface Chosen {
  readonly pod: string
  readonly container: string
}

/** The pod to go to; throws `place-missing` while none is ready, which may pass. */
export function choosePod(pods: readonly Pod[], wanted: Wanted): Chosen {
  const { label, pickAny } = wanted
  const alive = pods.filter((pod) => isReady(pod, wanted.container))
  const [first] = alive
  if (!first) throw nonePods(pods, label)
  if (alive.length > 1 && !pickAny) {
    throw new SourceError(
      'place-ambiguous',
      `There is more than one ${label}: ${alive.map(nameOf).join(', ')}`,
      {
        permanent: true,
        remedy:
          'Name one with pod or a narrower selector, or set pick: any if they all hold the same.',
      },
    )
  }
  return { pod: nameOf(first), container: chooseContainer(first, wanted) }
}

function nameOf({ metadata }: Pod): string {
  return metadata.name
}

/** Ready by its own account, or at least with the container in question running. */
function isReady({ metadata, status }: Pod, container: string | null): boolean {
  if (metadata.deletionTimestamp !== undefined || status?.phase !== 'Running') return false
  const named = status.containerStatuses?.find(({ name }) => name === container)
  if (named) return named.ready ?? named.state?.running !== undefined
  return (
    status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? true
  )
}

function nonePods(pods: readonly Pod[], label: string): SourceError {
  if (pods.length === 0) {
    return new SourceError('place-missing', `There is no ${label}`, {
      remedy: 'Correct via.kubernetes, namespace and context above all, or scale it up.',
    })
  }
  const states = pods.map((pod) => `${nameOf(pod)} is ${stateOf(pod)}`).join(', ')
  return new SourceError('place-missing', `No ${label} is ready: ${states}`, {
    remedy: 'See why with `kubectl describe pod`, or set waitFor to wait longer for it.',
  })
}

function stateOf({ metadata, status }: Pod): string {
  if (metadata.deletionTimestamp !== undefined) return 'terminating'
  const why = status?.containerStatuses
    ?.map(({ state }) => state?.waiting?.reason ?? state?.terminated?.reason)
    .find((reason) => reason !== undefined)
  const phase = status?.phase === 'Running' ? 'not ready' : (status?.phase ?? 'unknown')
  const reason = why ?? status?.reason
  return reason === undefined ? phase : `${phase} (${reason})`
}

function chooseContainer({ metadata, spec }: Pod, { container, pickAny }: Wanted): string {
  const names = spec.containers.map(({ name }) => name)
  if (container !== null) {
    if (names.includes(container)) return container
    throw new SourceError(
      'place-missing',
      `The pod ${metadata.name} has no container ${container}, but ${names.join(', ')}`,
      { permanent: true, remedy: 'Correct container.' },
    )
  }
  const [first = ''] = names
  const byDefault = metadata.annotations?.['kubectl.kubernetes.io/default-container']
  if (byDefault !== undefined && names.includes(byDefault)) return byDefault
  if (names.length > 1 && !pickAny) {
    throw new SourceError(
      'place-ambiguous',
      `The pod ${metadata.name} has several containers: ${names.join(', ')}`,
      { permanent: true, remedy: 'Name one of them with container.' },
    )
  }
  return first
}
