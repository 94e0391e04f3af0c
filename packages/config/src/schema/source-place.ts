import type { z } from 'zod'
import { ValueError } from '../value-error.ts'
import { keys } from './keys.ts'
import { choice, duration, exactlyOne, read, refuse, text } from './value.ts'

const at = read(checkAt, {
  description: 'Path in the archive; needed, and unique, where a plan has several sources',
}).optional()

/** A relative path that stays below the archive's root and is written in one way only. */
function checkAt(value: string): string {
  const parts = value.split('/')
  const isSafe = parts.every((part) => part !== '' && part !== '.' && part !== '..')
  if (isSafe && !/[\\\p{Cc}]/u.test(value) && value.length <= 200) return value
  throw new ValueError('not a safe relative path', {
    remedy: 'write a name such as db or data/uploads: no leading or trailing /, no . or ..',
  })
}

const pick = choice(['any'], 'any: take one of several matches instead of failing').optional()

const via = keys({
  kubernetes: keys({
    context: text('Context of the kubeconfig').optional(),
    namespace: text('Namespace').optional(),
    workload: text('Workload, as in deployment/db').optional(),
    selector: text('Label selector').optional(),
    pod: text('Name of a pod').optional(),
    container: text('Container in the pod').optional(),
    waitFor: duration('How long to wait until it is ready').optional(),
    pick,
  })
    .describe('In a pod')
    .optional(),
  docker: keys({ container: text('Name or id of the container'), pick })
    .describe('In a container')
    .optional(),
  compose: keys({ project: text('Project'), service: text('Service'), pick })
    .describe('In a service of Docker Compose')
    .optional(),
  ssh: keys({ host: text('Host, as ssh knows it') })
    .describe('On another host')
    .optional(),
})
  .describe('Where the source is reached: in a container, a pod, on another host')
  .transform((value, context): Readonly<Record<string, unknown>> => {
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
    return value
  })
  .meta({ id: 'Via' })
  .optional()

/** Keys of every source. */
export const placeKeys: {
  readonly at: z.ZodOptional<z.ZodType<string>>
  readonly via: z.ZodOptional<z.ZodType<Readonly<Record<string, unknown>>>>
} = { at, via }
