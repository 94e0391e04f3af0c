/**
 * `npm test`: all tests in one `node --test` run, against real services that this file starts on
 * free ports and stops again. Services of the environment (TEST_REDIS_URL, TEST_S3_*, TEST_CEPH_*)
 * are used instead where they are given. Options and file patterns are passed on:
 * `npm test -- test/integration/*.test.ts --test-name-pattern "restores"`.
 *
 * The runner writes straight to this terminal and nothing is written after it.
 */
import { spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { findProgram, openTestRedis, openTestS3 } from '@backstream/testkit'
import { openCephGateway } from './open-ceph-gateway.ts'

const everything = [
  'packages/*/src/**/*.test.ts',
  'apps/*/src/**/*.test.ts',
  'tools/**/*.test.ts',
  'bench/**/*.test.ts',
  'test/**/*.test.ts',
]
const isCi = process.env['CI'] === 'true'

async function main(): Promise<number> {
  if (isCi && !findProgram('chromium', 'chromium-browser', 'google-chrome')) {
    throw new Error('CI=true and no Chromium for the browser tests: install chromium')
  }
  await using services = new AsyncDisposableStack()
  const redis = services.use(await openTestRedis())
  const s3 = services.use(await openTestS3())
  const env: Record<string, string | undefined> = {
    ...withoutSettings(process.env),
    TEST_REDIS_URL: redis.url,
    TEST_S3_ENDPOINT: s3.endpoint,
    TEST_S3_REGION: s3.region,
    TEST_S3_ACCESS_KEY_ID: s3.accessKeyId,
    TEST_S3_SECRET_ACCESS_KEY: s3.secretAccessKey,
    TEST_S3_BUCKET: s3.bucket,
  }
  if (isCi && !process.env['TEST_CEPH_ENDPOINT']) {
    Object.assign(env, services.use(await openCephGateway()).env)
  }
  return await runTests(process.argv.slice(2), env)
}

/** A developer's own configuration and cloud account must not reach the tests. */
function withoutSettings(env: NodeJS.ProcessEnv): Record<string, string | undefined> {
  const ours = Object.entries(env).filter(([name]) => !/^(BACKSTREAM_|AWS_|REDIS_URL)/.test(name))
  return { ...Object.fromEntries(ours), AWS_EC2_METADATA_DISABLED: 'true' }
}

async function runTests(
  args: readonly string[],
  env: Record<string, string | undefined>,
): Promise<number> {
  const hasPatterns = args.some((arg) => /\.ts$|\*/.test(arg))
  const runner = spawn(
    process.execPath,
    [
      '--test',
      '--test-reporter=spec',
      `--test-concurrency=${Math.min(4, Math.max(2, availableParallelism()))}`,
      '--test-timeout=600000',
      `--import=${import.meta.resolve('./end-hung-test-file.ts')}`,
      ...args,
      ...(hasPatterns ? [] : everything),
    ],
    { stdio: ['ignore', 'inherit', 'inherit'], env },
  )
  // Ctrl-C reaches the runner by itself; a signal sent to this process alone does not. Either way
  // this process stays until the runner is gone, to stop what it started.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => runner.kill(signal))
  return await new Promise((resolve, reject) => {
    runner.once('error', reject)
    runner.once('close', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 143)))
  })
}

try {
  process.exitCode = await main()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
