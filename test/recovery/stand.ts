import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Config, loadConfig, type Plan } from '@backstream/config'
import { silentLogger, systemClock } from '@backstream/kernel'
import { createRunProducer, openQueueConnection, type RunProducer } from '@backstream/queue'
import {
  openTestS3,
  type PrivateRedis,
  startPrivateRedis,
  startProcess,
  type TestS3,
  temporaryDirectory,
  uniqueName,
} from '@backstream/testkit'
import { type Machine, openMachine, type Role } from './machine.ts'
import {
  type Content,
  configuration,
  hardlyEver,
  makePlanFolder,
  type PlanKeys,
  scriptedPlan,
  writeContent,
} from './plans.ts'

/** A whole installation, set up to be struck: a Redis of its own, a store, workers, schedulers. */
export interface Stand extends AsyncDisposable {
  /** Of the installation. */
  readonly name: string
  readonly redis: PrivateRedis
  /** Past the proxies. */
  readonly s3: TestS3
  readonly content: Content
  readonly config: Config
  readonly workers: readonly Machine[]
  readonly schedulers: readonly Machine[]
  readonly producer: RunProducer
  planNamed(name: string): Plan
  /** Where the source of a scripted plan stands. */
  folderOf(plan: string): string
  /** Gives the scripted plans another schedule; processes learn of it when they start. */
  reschedule(schedule: unknown): Promise<void>
  /** Runs a command of `backstream` past the proxies, to its end. */
  backstream(args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }>
}

export interface StandOptions {
  /** Scripted plans. */
  readonly plans: readonly string[]
  /** Theirs; hardly ever when absent. */
  readonly schedule?: unknown
  /** What they send. */
  readonly contentBytes?: { readonly first: number; readonly rest: number }
  readonly furtherPlans?: Readonly<Record<string, PlanKeys>>
  readonly workers?: number
  readonly schedulers?: number
}

const program = fileURLToPath(new URL('../../apps/cli/src/main.ts', import.meta.url))

export async function openStand(options: StandOptions): Promise<Stand> {
  await using setUp = new AsyncDisposableStack()
  const { path: folder } = setUp.use(await temporaryDirectory('recovery'))
  const name = uniqueName('r')
  const redis = setUp.use(await startPrivateRedis({ appendonly: true }))
  const s3 = setUp.use(await openTestS3())
  const content = await writeContent(folder, options.contentBytes)
  const folderOf = (plan: string) => join(folder, 'plans', plan)
  for (const plan of options.plans) await makePlanFolder(folderOf(plan), content)
  const configFile = join(folder, 'backstream.yaml')
  const reschedule = (schedule: unknown) => {
    const scripted = options.plans.map((plan) => [plan, scriptedPlan(folderOf(plan), schedule)])
    const plans = { ...Object.fromEntries(scripted), ...options.furtherPlans }
    return writeFile(configFile, configuration(name, s3, plans))
  }
  await reschedule(options.schedule ?? hardlyEver)
  await mkdir(join(folder, 'cache'))
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: folder,
    TZ: 'UTC',
    NODE_COMPILE_CACHE: join(folder, 'cache'),
    S3_ID: s3.accessKeyId,
    S3_SECRET: s3.secretAccessKey,
  }
  const direct = { ...env, REDIS_URL: redis.url, S3_ENDPOINT: s3.endpoint }
  const open = async (role: Role, count: number) => {
    const machines: Machine[] = []
    for (let at = 1; at <= count; at++) {
      const { port: redisPort } = redis
      const where = { redisPort, s3Endpoint: s3.endpoint, configFile, env }
      machines.push(setUp.use(await openMachine({ name: `${role} ${at}`, role, ...where })))
    }
    return machines
  }
  const workers = await open('worker', options.workers ?? 2)
  const schedulers = await open('scheduler', options.schedulers ?? 1)
  for (const machine of [...workers, ...schedulers]) machine.start()
  const connection = setUp.use(
    await openQueueConnection({
      ...{ redis: { url: redis.url }, installation: name },
      ...{ logger: silentLogger, clock: systemClock },
    }),
  )
  const config = await loadConfig({ file: configFile, env: direct })
  await Promise.all([...workers, ...schedulers].map((machine) => machine.ready()))
  const opened = setUp.move()
  return {
    ...{ name, redis, s3, content, config, workers, schedulers, folderOf, reschedule },
    producer: createRunProducer(connection),
    planNamed(plan) {
      const found = config.plans.find((one) => one.name === plan)
      if (!found) throw new Error(`no plan ${plan}`)
      return found
    },
    async backstream(args) {
      await using command = startProcess({
        command: process.execPath,
        args: [program, ...args],
        env: { ...direct, BACKSTREAM_CONFIG: configFile },
      })
      const { code } = await command.exited
      return { code, stdout: command.stdout(), stderr: command.stderr() }
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}
