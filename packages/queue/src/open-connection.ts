import { setTimeout as sleep } from 'node:timers/promises'
import { type Clock, describeError, type Logger } from '@backstream/kernel'
import { type QueueOptions as BullOptions, Queue } from 'bullmq'
import { Redis, type RedisOptions } from 'ioredis'
import { addressOf, type RedisAddress, redisOptions } from './redis-options.ts'
import { repeatStrategy } from './repeat-strategy.ts'
import { isOutage, translateConnectError, translateError } from './translate-error.ts'

export interface QueueOptions {
  readonly redis: RedisAddress
  /** The configuration's `name`: every key begins with it and a colon. */
  readonly installation: string
  readonly logger: Logger
  readonly clock: Clock
  /** How long `openQueueConnection` tries before it gives up. Default 5 s. */
  readonly connectTimeoutMs?: number
}

/** A place in one Redis. Later outages are waited out; only a call made meanwhile may reject. */
export interface QueueConnection {
  readonly installation: string
  /** `host:port`, for messages. */
  readonly address: string
  /** Rejects when Redis does not answer in time. */
  ping(timeoutMs?: number): Promise<void>
}

/** What the rest of this package sees of a connection. */
export interface Link {
  /** Gives up on a command after some failed reconnects, so that a caller learns of an outage. */
  readonly redis: Redis
  /** Waits out any outage: what BullMQ wants for workers and event listeners. */
  readonly patientRedis: () => Redis
  readonly clock: Clock
  readonly logger: Logger
  readonly address: string
  readonly bullOptions: Omit<BullOptions, 'connection'>
  /** One object per name, closed with the connection. */
  queue(name: string): Queue
  /** A key of our own under the installation; no queue is named like any of their first parts. */
  key(...parts: readonly string[]): string
}

const links = new WeakMap<QueueConnection, Link>()

export function linkOf(connection: QueueConnection): Link {
  const link = links.get(connection)
  if (!link) throw new TypeError('not a connection of openQueueConnection')
  return link
}

/** Rejects with a `QueueError` that names host and port when Redis cannot be reached in time. */
export async function openQueueConnection(
  options: QueueOptions,
): Promise<QueueConnection & AsyncDisposable> {
  const address = addressOf(options.redis)
  const clients: Redis[] = []
  const queues = new Map<string, Queue>()
  const redis = await connect(options)
  clients.push(redis)
  reportOutages(redis, options)
  let patient: Redis | undefined

  const link: Link = {
    redis,
    patientRedis() {
      if (!patient) {
        patient = redis.duplicate({ maxRetriesPerRequest: null })
        reportOutages(patient, options)
        clients.push(patient)
      }
      return patient
    },
    clock: options.clock,
    logger: options.logger,
    address,
    bullOptions: {
      prefix: options.installation,
      // Every Queue and Worker must have the same one: whoever starts a run arms the next.
      settings: { repeatStrategy },
    },
    queue(name) {
      const known = queues.get(name)
      if (known) return known
      const queue = new Queue(name, {
        ...link.bullOptions,
        connection: redis,
        // It prints to the console what inspectRedis reports. Workers need it: without, BullMQ takes
        // the server for one that cannot block for less than a second.
        skipVersionCheck: true,
      })
      queue.on('error', (error) => logQueueError(options.logger, name, error))
      queues.set(name, queue)
      return queue
    },
    key: (...parts) => [options.installation, ...parts].join(':'),
  }

  const connection: QueueConnection & AsyncDisposable = {
    installation: options.installation,
    address,
    async ping(timeoutMs = 5000) {
      const late = sleep(timeoutMs, 'late' as const, { ref: false })
      const answer = await Promise.race([redis.ping(), late]).catch((error: unknown) => {
        throw translateError(error, address)
      })
      if (answer === 'late') {
        throw translateError(new Error(`no answer within ${timeoutMs} ms`), address)
      }
    },
    async [Symbol.asyncDispose]() {
      await Promise.allSettled([...queues.values()].map((queue) => queue.close()))
      await Promise.all(clients.map(closeClient))
    },
  }
  links.set(connection, link)
  return connection
}

export function logQueueError(logger: Logger, queue: string, error: Error): void {
  // Outages are reported once each, by the connection.
  if (isOutage(error))
    logger.debug({ queue, err: error }, `queue ${queue}: ${describeError(error)}`)
  else logger.warn({ queue, err: error }, `queue ${queue}: ${describeError(error)}`)
}

async function connect(options: QueueOptions): Promise<Redis> {
  const timeoutMs = options.connectTimeoutMs ?? 5000
  const address = addressOf(options.redis)
  const deadline = options.clock.monotonicMs() + timeoutMs
  let isOpen = false
  const settings: RedisOptions = {
    ...redisOptions(options.redis),
    lazyConnect: true,
    connectTimeout: timeoutMs,
    // About 6 s of reconnects; after that a caller gets an error instead of silence.
    maxRetriesPerRequest: 6,
    retryStrategy: (attempt) => (isOpen ? Math.min(50 * 2 ** attempt, 2000) : null),
    sentinelRetryStrategy: (attempt) => (isOpen ? Math.min(50 * 2 ** attempt, 2000) : null),
    // A replica that was promoted away from under us refuses writes: connect anew, and resend.
    reconnectOnError: (error) => (error.message.startsWith('READONLY') ? 2 : false),
  }
  const redis = new Redis({ ...settings, replyMapping: 'legacy' })
  let lastError: unknown
  const keepError = (error: unknown) => {
    lastError = error
  }
  redis.on('error', keepError)
  for (;;) {
    try {
      await withDeadline(redis.connect(), deadline - options.clock.monotonicMs())
      isOpen = true
      redis.off('error', keepError)
      return redis
    } catch (error) {
      const problem = translateConnectError(lastError ?? error, address)
      if (problem.permanent || options.clock.monotonicMs() + 250 >= deadline) {
        redis.disconnect()
        throw problem
      }
      await sleep(250)
    }
  }
}

async function withDeadline(connected: Promise<void>, timeoutMs: number): Promise<void> {
  const deadline = AbortSignal.timeout(Math.max(1, Math.ceil(timeoutMs)))
  await new Promise<void>((resolve, reject) => {
    deadline.addEventListener('abort', () => reject(new Error('no answer')), { once: true })
    connected.then(resolve, reject)
  })
}

/** One line when Redis goes away and one when it is back, however often ioredis tries. */
function reportOutages(redis: Redis, { logger, redis: where }: QueueOptions): void {
  const address = addressOf(where)
  let isOut = false
  redis.on('error', (error: Error) => {
    if (!isOut) logger.warn({ err: error }, `Redis at ${address}: ${describeError(error)}`)
    isOut = true
  })
  redis.on('ready', () => {
    if (isOut) logger.info({}, `Redis at ${address} is back`)
    isOut = false
  })
}

async function closeClient(redis: Redis): Promise<void> {
  // QUIT lets commands under way finish; without a server it would wait for one.
  const quit = redis.status === 'ready' ? redis.quit().catch(() => 'gone') : Promise.resolve()
  await Promise.race([quit, sleep(1000, undefined, { ref: false })])
  redis.disconnect()
}
