/** What `doctor` looks at, one function a thing; each finding says what to do about itself. */
import type { Config, Plan, SecretRef, StorageConfig } from '@backstream/config'
import { queueOfPlan } from '@backstream/jobs'
import { BackstreamError, describeError } from '@backstream/kernel'
import type { QueueConnection } from '@backstream/queue'
import type { Session } from '../command-context.ts'

export interface Finding {
  /** `redis`, `storage main`, `plan home`. */
  readonly about: string
  readonly level: 'ok' | 'warning' | 'error'
  readonly message: string
  readonly remedy: string | null
}

/** Everything, in the order in which a run would meet it. Never rejects but for an interruption. */
export async function examine(session: Session, config: Config): Promise<Finding[]> {
  const findings = [...(await examineRedis(session, config))]
  for (const storage of Object.values(config.storages)) {
    findings.push(...(await examineStorage(session, storage)))
  }
  for (const plan of config.plans) findings.push(...(await examineSources(session, plan)))
  return findings
}

async function examineRedis(session: Session, config: Config): Promise<Finding[]> {
  const { inspectRedis, openConfiguredQueue } = await import('@backstream/queue')
  const { settings, logger, clock } = session
  try {
    await using connection = await openConfiguredQueue(config, { env: settings.env, logger, clock })
    const found = await inspectRedis(connection)
    return [
      ...found.map(({ level, message, remedy }) => ({ about: 'redis', level, message, remedy })),
      ...(await examineWorkers(connection, config)),
    ]
  } catch (error) {
    session.interruption().throwIfAborted()
    return [
      failure(
        'redis',
        error,
        'See that Redis runs and that `redis` in the configuration is right.',
      ),
    ]
  }
}

/** A queue that nobody serves is no fault of the set-up, but its runs wait for ever. */
async function examineWorkers(connection: QueueConnection, config: Config): Promise<Finding[]> {
  const { createRunProducer } = await import('@backstream/queue')
  await using producer = createRunProducer(connection)
  const queues = [...new Set(config.plans.filter(({ enabled }) => enabled).map(queueOfPlan))]
  const findings: Finding[] = []
  for (const queue of queues) {
    const count = (await producer.workersOf(queue)).length
    findings.push(
      count > 0
        ? {
            about: 'workers',
            level: 'ok',
            message: `${count === 1 ? '1 worker serves' : `${count} workers serve`} ${queue}`,
            remedy: null,
          }
        : {
            about: 'workers',
            level: 'warning',
            message: `no worker serves ${queue}`,
            remedy: 'Start one: `backstream worker`, or all of it with `backstream up`.',
          },
    )
  }
  return findings
}

async function examineStorage(session: Session, storage: StorageConfig): Promise<Finding[]> {
  const about = `storage ${storage.name}`
  const { probeS3Storage } = await import('@backstream/storage-s3')
  const { settings, logger, clock } = session
  try {
    const found = await probeS3Storage(storage, {
      env: settings.env,
      logger,
      clock,
      signal: session.interruption(),
    })
    return found.map(({ level, message, remedy }) => ({ about, level, message, remedy }))
  } catch (error) {
    session.interruption().throwIfAborted()
    return [failure(about, error, 'See that bucket, endpoint and credentials are right.')]
  }
}

async function examineSources(session: Session, plan: Plan): Promise<Finding[]> {
  const about = `plan ${plan.name}`
  const { runsOn } = plan
  if (runsOn !== null && runsOn !== 'any' && runsOn !== session.settings.workerName) {
    const message = `read by the worker ${runsOn}: not looked at here`
    return [{ about, level: 'ok', message, remedy: null }]
  }
  const { describeSource, openSource } = await import('@backstream/sources')
  const { resolveSecret } = await import('@backstream/config')
  const options = { signal: session.interruption(), logger: session.logger }
  const findings: Finding[] = []
  for (const config of plan.sources) {
    try {
      const deps = {
        environment: session.settings.env,
        resolveSecret: (ref: SecretRef) => resolveSecret(ref, session.settings.env),
      }
      const source = openSource(config, deps)
      const problems = await source.preflight(options)
      findings.push(...problems.map(({ message, remedy }) => error(about, message, remedy)))
      if (problems.length > 0) continue
      const found = await describeSource(config, deps, options.signal)
      const what = `${config.kind}${config.at ? ` at ${config.at}` : ''} can be read`
      const message = found === null ? what : `${what}: ${found}`
      findings.push({ about, level: 'ok', message, remedy: null })
    } catch (thrown) {
      options.signal.throwIfAborted()
      findings.push(failure(about, thrown, 'See that the source is there and can be read.'))
    }
  }
  return findings
}

function failure(about: string, thrown: unknown, otherwise: string): Finding {
  const remedy = thrown instanceof BackstreamError ? thrown.remedy : undefined
  return error(about, describeError(thrown), remedy ?? otherwise)
}

function error(about: string, message: string, remedy: string): Finding {
  return { about, level: 'error', message, remedy }
}
