import { deepEqual, equal, throws } from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { test } from 'node:test'
import { temporaryDirectory } from '@backstream/testkit'
import { RuntimeError } from './runtime-error.ts'
import { readSettings } from './settings.ts'

const noTerminal = { isTerminal: false }

test('an empty environment gives the defaults', () => {
  deepEqual(readSettings({}, noTerminal), {
    configFile: null,
    name: null,
    workerName: null,
    workerConcurrency: null,
    serves: null,
    boardListen: null,
    logLevel: 'info',
    logFormat: 'json',
    color: false,
    identityFile: null,
    redisUrl: null,
    env: {},
  })
})

test('reads every variable', () => {
  const env = {
    BACKSTREAM_CONFIG: '/etc/b.yaml',
    BACKSTREAM_NAME: 'home',
    BACKSTREAM_WORKER_NAME: 'nas',
    BACKSTREAM_WORKER_CONCURRENCY: '4',
    BACKSTREAM_SERVES: 'backups.nas, maintenance',
    BACKSTREAM_BOARD_LISTEN: '0.0.0.0:7373',
    BACKSTREAM_LOG_LEVEL: 'debug',
    BACKSTREAM_LOG_FORMAT: 'text',
    BACKSTREAM_IDENTITY_FILE: '/root/age.key',
    REDIS_URL: 'redis://:secret@db:6379/2',
  }
  deepEqual(readSettings(env, noTerminal), {
    configFile: '/etc/b.yaml',
    name: 'home',
    workerName: 'nas',
    workerConcurrency: 4,
    serves: ['backups.nas', 'maintenance'],
    boardListen: { host: '0.0.0.0', port: 7373 },
    logLevel: 'debug',
    logFormat: 'text',
    color: false,
    identityFile: '/root/age.key',
    redisUrl: 'redis://:secret@db:6379/2',
    env,
  })
})

test('a variable that is empty is not set', () => {
  const settings = readSettings({ BACKSTREAM_LOG_LEVEL: '', REDIS_URL: '' }, noTerminal)
  equal(settings.logLevel, 'info')
  equal(settings.redisUrl, null)
})

test('on a terminal logs are text in colour, unless NO_COLOR says otherwise', () => {
  const onTerminal = { isTerminal: true }
  equal(readSettings({}, onTerminal).logFormat, 'text')
  equal(readSettings({}, onTerminal).color, true)
  equal(readSettings({ NO_COLOR: '1' }, onTerminal).color, false)
  equal(readSettings({ BACKSTREAM_LOG_FORMAT: 'json' }, onTerminal).logFormat, 'json')
})

test('a board address may be an IPv6 one', () => {
  const { boardListen } = readSettings({ BACKSTREAM_BOARD_LISTEN: '[::1]:80' }, noTerminal)
  deepEqual(boardListen, { host: '::1', port: 80 })
})

for (const [variable, value] of [
  ['BACKSTREAM_NAME', 'Home'],
  ['BACKSTREAM_WORKER_NAME', '-nas'],
  ['BACKSTREAM_WORKER_CONCURRENCY', '0'],
  ['BACKSTREAM_WORKER_CONCURRENCY', 'two'],
  ['BACKSTREAM_SERVES', 'backups,,maintenance'],
  ['BACKSTREAM_BOARD_LISTEN', '7373'],
  ['BACKSTREAM_BOARD_LISTEN', 'localhost:70000'],
  ['BACKSTREAM_BOARD_LISTEN', '[nonsense]:80'],
  ['BACKSTREAM_LOG_LEVEL', 'loud'],
  ['BACKSTREAM_LOG_FORMAT', 'xml'],
  ['REDIS_URL_FILE', '/nonexistent/redis-url'],
] as const) {
  test(`refuses ${variable}=${value} by name, with a remedy`, () => {
    throws(
      () => readSettings({ [variable]: value }, noTerminal),
      (error: RuntimeError) =>
        error instanceof RuntimeError &&
        error.code === 'usage' &&
        error.message.startsWith(variable) &&
        error.remedy !== undefined,
    )
  })
}

test('reads REDIS_URL from a file, less one newline, and offers it to the configuration', async () => {
  await using folder = await temporaryDirectory()
  const file = `${folder.path}/redis-url`
  await writeFile(file, 'redis://db:6379\n')
  const settings = readSettings({ REDIS_URL_FILE: file }, noTerminal)
  equal(settings.redisUrl, 'redis://db:6379')
  equal(settings.env['REDIS_URL'], 'redis://db:6379')
})

test('refuses a secret that is given twice', () => {
  throws(
    () => readSettings({ REDIS_URL: 'redis://a', REDIS_URL_FILE: '/b' }, noTerminal),
    /REDIS_URL_FILE: REDIS_URL is set as well/,
  )
})

test('later changes of the environment do not reach the settings', () => {
  const environment: Record<string, string> = { GREETING: 'before' }
  const settings = readSettings(environment, noTerminal)
  environment['GREETING'] = 'after'
  equal(settings.env['GREETING'], 'before')
  throws(() => Object.assign(settings.env, { GREETING: 'after' }), TypeError)
})
