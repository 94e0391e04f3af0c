import { ListObjectsV2Command } from '@aws-sdk/client-s3'
import { retryRequest } from '@backstream/storage'
import { request } from '../request.ts'
import type { S3Context } from '../s3-context.ts'
import { failure, findingOf, ok, type ProbeFinding, warning } from './finding.ts'
import type { Probe } from './probe.ts'

/** Stores refuse signatures that are further off than this. */
const refusedSkewMs = 5 * 60_000
const noticeableSkewMs = 60_000

/**
 * The clock, then the bucket: a clock that is off makes every signature look wrong, so the reason is
 * said before its effect.
 */
export async function probeReach(probe: Probe): Promise<ProbeFinding[]> {
  const { context, signal } = probe
  const skew = watchClock(context)
  const about = `list ${context.locate('')}`
  const command = {
    Bucket: context.bucket,
    Prefix: context.keys.toListPrefix(''),
    MaxKeys: 1,
  }
  const findings: ProbeFinding[] = []
  try {
    await retryRequest(
      () =>
        request({ about, signal }, (sent) =>
          context.clients.requests.send(new ListObjectsV2Command(command), sent),
        ),
      { ...context.retry, signal },
    )
    findings.push(ok('reach', `${context.locate('')} can be reached`))
  } catch (error) {
    signal?.throwIfAborted()
    findings.push(findingOf('reach', error))
  }
  return [...describeSkew(skew.latestMs), ...findings]
}

/** How far our clock is ahead of the store's, by the Date of its answers, good or bad. */
function watchClock(context: S3Context): { readonly latestMs: number | undefined } {
  const { clients, clock } = context
  const skew: { latestMs: number | undefined } = { latestMs: undefined }
  clients.requests.middlewareStack.add(
    (next) => async (args) => {
      const sentAt = clock.now()
      const result = await next(args)
      const { headers = {} } = result.response as { headers?: Record<string, string> }
      const storeTime = Date.parse(headers['date'] ?? '')
      const ourTime = (sentAt + clock.now()) / 2
      if (Number.isFinite(storeTime)) skew.latestMs = Math.round(ourTime - storeTime)
      return result
    },
    { step: 'deserialize', priority: 'low', name: 'backstreamClockWatch' },
  )
  return skew
}

function describeSkew(skewMs: number | undefined): ProbeFinding[] {
  if (skewMs === undefined) return []
  const offMs = Math.abs(skewMs)
  const words = `the clock is ${Math.round(offMs / 1000)} s ${skewMs > 0 ? 'ahead of' : 'behind'} the store's`
  const remedy = 'Set the clock of this machine, by NTP for instance.'
  if (offMs > refusedSkewMs) return [failure('clock', words, remedy)]
  if (offMs > noticeableSkewMs) return [warning('clock', words, remedy)]
  return [ok('clock', 'the clock agrees with the store')]
}
