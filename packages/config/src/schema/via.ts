import type * as z from 'zod'
import type { KubernetesViaConfig, ViaConfig } from '../model.ts'
import { ValueError } from '../value-error.ts'
import { keys } from './keys.ts'
import { choice, duration, exactlyOne, read, refuse, text } from './value.ts'

const pick = choice(['any'], 'any: take one of several matches instead of failing').optional()

/** Where a source is read: exactly one way. */
export const via: z.ZodType<ViaConfig> = keys({
  kubernetes: keys({
    context: word('Context of the kubeconfig').optional(),
    namespace: word('Namespace').optional(),
    workload: word('Workload, as in deployment/db').optional(),
    selector: text('Label selector').optional(),
    pod: word('Name of a pod').optional(),
    container: word('Container in the pod').optional(),
    waitFor: duration('How long to wait until it is ready').optional(),
    pick,
  })
    .describe('In a pod')
    .optional(),
  docker: keys({ container: word('Name or id of the container'), pick })
    .describe('In a container')
    .optional(),
  compose: keys({ project: word('Project'), service: word('Service'), pick })
    .describe('In a service of Docker Compose')
    .optional(),
  ssh: keys({ host: word('Host, as ssh knows it, perhaps with a user: backup@web-01') })
    .describe('On another host')
    .optional(),
})
  .describe('Where the source is reached: in a container, a pod, on another host')
  .transform((value, context): ViaConfig => {
    if (exactlyOne(value, ['kubernetes', 'docker', 'compose', 'ssh']) === undefined) {
      return refuse(context, {
        message: 'via names one way',
        remedy: 'keep exactly one of kubernetes, docker, compose and ssh',
      })
    }
    const target = value.kubernetes
    if (target && exactlyOne(target, ['workload', 'selector', 'pod']) === undefined) {
      return refuse(context, {
        path: ['kubernetes'],
        message: 'which pod is not said, or said twice',
        remedy: 'name exactly one of workload, selector and pod',
      })
    }
    return wayOf(value as Said)
  })
  .meta({ id: 'Via' }) as z.ZodType<ViaConfig>

interface Said {
  readonly kubernetes?: Partial<Record<KubernetesText, string>> & {
    readonly waitFor?: number
    readonly pick?: 'any'
  }
  readonly docker?: { readonly container: string; readonly pick?: 'any' }
  readonly compose?: { readonly project: string; readonly service: string; readonly pick?: 'any' }
  readonly ssh?: { readonly host: string }
}
type KubernetesText = 'context' | 'namespace' | 'workload' | 'selector' | 'pod' | 'container'

function wayOf({ kubernetes, docker, compose, ssh }: Said): ViaConfig {
  if (docker) {
    return { way: 'docker', container: docker.container, pickAny: docker.pick === 'any' }
  }
  if (compose) {
    const { project, service, pick } = compose
    return { way: 'compose', project, service, pickAny: pick === 'any' }
  }
  return ssh ? { way: 'ssh', host: ssh.host } : kubernetesOf(kubernetes ?? {})
}

function kubernetesOf(said: NonNullable<Said['kubernetes']>): KubernetesViaConfig {
  return {
    way: 'kubernetes',
    context: said.context ?? null,
    namespace: said.namespace ?? null,
    workload: said.workload ?? null,
    selector: said.selector ?? null,
    pod: said.pod ?? null,
    container: said.container ?? null,
    waitForMs: said.waitFor ?? 0,
    pickAny: said.pick === 'any',
  }
}

/** A name that becomes an argument of a client: never one of its options. */
function word(description: string): z.ZodType<string> {
  return read(
    (value) => {
      if (/^[^-\s]\S*$/.test(value)) return value
      throw new ValueError('not a name', { remedy: 'write it without blanks, and no - first' })
    },
    { description, pattern: '^[^-\\s]' },
  )
}
