import { type JobName, type PayloadByJobName, payloadSchemas } from '@backstream/jobs'
import { QueueError } from './queue-error.ts'

export type CheckedJob = {
  readonly [N in JobName]: { readonly name: N; readonly payload: PayloadByJobName[N] }
}[JobName]

const longestComplaint = 300

/**
 * What anybody put into the queue, or a permanent `QueueError` that says what is wrong with it. The
 * complaint names fields and never repeats values: a job may hold anything, of any size.
 */
export function checkJob(name: string, data: unknown): CheckedJob {
  if (!Object.hasOwn(payloadSchemas, name)) {
    throw new QueueError('unknown-job', `There is no kind of job named ${quote(name)}`, {
      permanent: true,
      remedy: `Known are: ${Object.keys(payloadSchemas).join(', ')}.`,
    })
  }
  const known = name as JobName
  const checked = payloadSchemas[known].safeParse(data)
  if (!checked.success) {
    const complaints = checked.error.issues.map((issue) => {
      const path = issue.path.join('.')
      return path === '' ? issue.message : `${path}: ${issue.message}`
    })
    throw new QueueError(
      'invalid-payload',
      `The data of this ${known} job is not valid: ${shorten(complaints.join('; '))}`,
      {
        permanent: true,
        remedy: 'Start runs with `backstream run` or with "Add job" and nothing but its form.',
      },
    )
  }
  return { name: known, payload: checked.data } as CheckedJob
}

function quote(text: string): string {
  return `"${shorten(text.replace(/[^\x20-\x7e]/g, '?'))}"`
}

function shorten(text: string): string {
  return text.length > longestComplaint ? `${text.slice(0, longestComplaint)} …` : text
}
