import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CommandSourceConfig, Config, DirectorySourceConfig, Plan } from './model.ts'
import { parseConfig } from './parse-config.ts'
import type { ConfigProblem } from './problem-report.ts'

const head = `version: 1
name: home
redis: redis://127.0.0.1:6379
storages: { main: { kind: s3, bucket: backups } }
`
const media = 'plans: { media: { storage: main, source: { kind: directory, path: /srv/media } } }\n'

test('takes a file without plans for who only looks, and says that there is none', () => {
  for (const plans of ['', 'plans:\n', 'plans: {}\n']) {
    const result = parseConfig(head + plans, { file: 'f.yaml', env: {}, mayLackPlans: true })
    assert.ok(result.ok, plans)
    assert.deepEqual(result.config.plans, [])
    assert.match(result.notices.map(({ message }) => message).join(), /there is no plan/)
  }
})

test('reads what a storage says', () => {
  const { storages } = accept(`${head.replace(/storages.*\n/, '')}${media}storages:
  main:
    kind: s3
    bucket: backups
    prefix: /prod/home/
    region: eu-central-1
    endpoint: https://s3.example.com/
    pathStyle: true
    credentials:
      accessKeyId: "\${KEY_ID}"
      secretAccessKey: { file: /run/secrets/s3 }
      sessionToken: { env: TOKEN }
    storageClass: GLACIER_IR
    sse: { kms: my-key }
    tags: { team: core, x-cost: "12" }
    caFile: /etc/ca.pem
    profile: { maxParts: 1000, partSize: 32MiB, conditionalPut: false, md5Etags: false }
  local: { kind: s3, bucket: backups, endpoint: "http://127.0.0.1:9000" }
`)
  const { main, local } = storages
  assert.equal(main?.prefix, 'prod/home')
  assert.equal(main?.endpoint, 'https://s3.example.com')
  assert.deepEqual(main?.credentials, {
    accessKeyId: { value: 'AK' },
    secretAccessKey: { file: '/run/secrets/s3' },
    sessionToken: { env: 'TOKEN' },
  })
  assert.deepEqual(main?.sse, { kind: 'kms', keyId: 'my-key' })
  assert.deepEqual(main?.tags, { team: 'core', 'x-cost': '12' })
  assert.deepEqual(main?.profile, {
    maxParts: 1000,
    partBytes: 33_554_432,
    conditionalPut: false,
    md5Etags: false,
  })
  assert.equal(local?.pathStyle, true, 'a bucket cannot stand before an address')
})

test('reads what a plan says', () => {
  const plan = onePlan(`
    schedule: { cron: " 15  3 * * * ", timezone: Europe/Berlin, jitter: 10m }
    runsOn: nas
    overdueAfter: 2d
    overlap: wait
    catchUp: 6h
    attempts: 5
    backoff: { delay: 1s, max: 1m }
    timeout: 20h
    idleTimeout: { store: 10m }
    compression: { algorithm: gzip }
    enabled: false`)
  assert.deepEqual(plan.schedule, {
    kind: 'cron',
    pattern: '15 3 * * *',
    timezone: 'Europe/Berlin',
    jitterMs: 600_000,
  })
  assert.equal(plan.runsOn, 'nas')
  assert.equal(plan.overdueAfterMs, 172_800_000)
  assert.equal(plan.overlap, 'wait')
  assert.equal(plan.catchUpMs, 21_600_000)
  assert.equal(plan.attempts, 5)
  assert.deepEqual(plan.backoff, { delayMs: 1000, factor: 3, maxMs: 60_000 })
  assert.equal(plan.timeoutMs, 72_000_000)
  assert.deepEqual(plan.idleTimeout, { sourceMs: 1_800_000, storeMs: 600_000 })
  assert.deepEqual(plan.compression, { algorithm: 'gzip', level: 6 })
  assert.equal(plan.enabled, false)
})

test('takes a schedule as text, as cron and as an interval', () => {
  assert.deepEqual(onePlan('\n    schedule: "15 3 * * *"').schedule, {
    kind: 'cron',
    pattern: '15 3 * * *',
    timezone: 'UTC',
    jitterMs: 0,
  })
  const every = onePlan('\n    schedule: { every: 6h }')
  assert.deepEqual(every.schedule, { kind: 'every', everyMs: 21_600_000, jitterMs: 0 })
  assert.equal(every.overdueAfterMs, 27_000_000)
})

test('turns catching up on and off', () => {
  assert.equal(onePlan('\n    catchUp: true').catchUpMs, Number.POSITIVE_INFINITY)
  assert.equal(onePlan('\n    catchUp: false').catchUpMs, null)
})

test('counts the days of retention where the schedule does, unless told otherwise', () => {
  const berlin = '\n    schedule: { cron: "0 1 * * *", timezone: Europe/Berlin }'
  const plan = onePlan(`${berlin}\n    retention: { keepDaily: 7, keepWithin: 2mo, grace: 48h }`)
  assert.deepEqual(plan.retention, {
    keepDaily: 7,
    keepWithinMs: 62 * 86_400_000,
    graceMs: 172_800_000,
    timezone: 'Europe/Berlin',
  })
  const utc = onePlan(`${berlin}\n    retention: { keepDaily: 7, timezone: UTC }`)
  assert.equal(utc.retention?.timezone, 'UTC')
})

test('puts several sources under their own paths, and names the stream of a command', () => {
  const config = accept(`${head}plans:
  shop:
    storage: main
    sources:
      - { kind: command, at: db, argv: [pg_dump, ""], env: { PGPASSWORD: { env: PW } }, expect: { trailer: done, minSize: 1KiB } }
      - { kind: directory, at: data/uploads, path: /data, exclude: ["*.tmp", "!keep"], excludeLargerThan: 1GB }
  dump:
    storage: main
    source: { kind: command, argv: [mysqldump] }
`)
  const [command, directory] = (config.plans[0]?.sources ?? []) as [
    CommandSourceConfig,
    DirectorySourceConfig,
  ]
  assert.deepEqual(command, {
    kind: 'command',
    at: 'db',
    via: null,
    argv: ['pg_dump', ''],
    env: { PGPASSWORD: { env: 'PW' } },
    expect: { trailer: 'done', minSizeBytes: 1024 },
    restore: null,
    cwd: null,
    streamName: 'db',
  })
  assert.equal(directory.at, 'data/uploads')
  assert.deepEqual(directory.exclude, ['*.tmp', '!keep'])
  assert.equal(directory.excludeLargerThanBytes, 1_000_000_000)
  assert.equal((config.plans[1]?.sources[0] as CommandSourceConfig | undefined)?.streamName, 'dump')
})

test("lets a plan's own key replace a default whole, null included", () => {
  const { plans } = accept(`${head}defaults:
  storage: main
  schedule: { cron: "0 1 * * *", timezone: Europe/Berlin }
  source: { kind: directory, path: /srv }
plans:
  a: {}
  b: { schedule: { cron: "0 2 * * *" } }
  c: { schedule: null, sources: [{ kind: directory, at: x, path: /x }] }
`)
  const zones = plans.map(({ schedule }) => (schedule?.kind === 'cron' ? schedule.timezone : null))
  assert.deepEqual(zones, ['Europe/Berlin', 'UTC', null])
  assert.deepEqual(
    plans.map(({ sources }) => sources[0]?.at),
    ['', '', 'x'],
  )
})

test('makes one plan for each item', () => {
  const { plans } = accept(`${head}plans:
  files:
    each: [web-01, web-02]
    storage: main
    runsOn: "\${each}"
    source: { kind: directory, path: "/srv/\${each}/\${KEY_ID}" }
`)
  assert.deepEqual(
    plans.map(({ name, runsOn, sources }) => [
      name,
      runsOn,
      (sources[0] as DirectorySourceConfig).path,
    ]),
    [
      ['files-web-01', 'web-01', '/srv/web-01/AK'],
      ['files-web-02', 'web-02', '/srv/web-02/AK'],
    ],
  )
})

test('expands variables in values after parsing, so that they cannot add keys', () => {
  const at = (value: string, env: Record<string, string>): unknown => {
    const text = `${head}plans: { a: { storage: main, source: { kind: directory, path: "/${value}" } } }`
    const result = parseConfig(text, { file: 'f', env })
    return result.ok
      ? (result.config.plans[0]?.sources[0] as DirectorySourceConfig | undefined)?.path
      : result.problems
  }
  assert.equal(at('${A}', { A: '" }, evil: { x: 1' }), '/" }, evil: { x: 1')
  assert.equal(at('${A:-b c}', {}), '/b c')
  assert.equal(at('${A:-b c}', { A: '' }), '/b c')
  assert.equal(at('${A}', { A: '${B}', B: 'no' }), '/${B}')
  assert.equal(at('$$', {}), '/$')
  assert.equal(at('$${A}', { A: 'x' }), '/${A}')
  assert.equal(at('$A', { A: 'x' }), '/$A')
})

test('takes numbers and switches from variables', () => {
  const text = `${head}plans:
  a: { storage: main, enabled: "\${ON}", attempts: "\${N}", source: { kind: directory, path: /x } }`
  const result = parseConfig(text, { file: 'f', env: { ON: 'false', N: '7' } })
  assert.ok(result.ok)
  assert.deepEqual([result.config.plans[0]?.enabled, result.config.plans[0]?.attempts], [false, 7])
})

test('understands anchors, merged mappings and x- keys', () => {
  const { plans } = accept(`${head}x-common: &common { storage: main, attempts: 9 }
plans:
  a: { <<: *common, attempts: 2, source: &src { kind: directory, path: /a, x-note: hi } }
  b: { <<: [*common, { attempts: 4 }], source: { <<: *src, path: /b } }
`)
  assert.deepEqual(
    plans.map(({ attempts }) => attempts),
    [2, 9],
  )
  assert.equal((plans[1]?.sources[0] as DirectorySourceConfig | undefined)?.path, '/b')
})

test('says that a plan whose name begins with x- is ignored', () => {
  const text = `${head}plans:\n  x-files: 1\n  a: { storage: main, source: { kind: directory, path: /a } }\n`
  const result = parseConfig(text, { file: 'f', env: {} })
  assert.ok(result.ok)
  assert.deepEqual(
    result.notices.map(({ key, line, column }) => [key, line, column]),
    [['plans.x-files', 6, 3]],
  )
})

test('takes the place of Redis, the name and the address of the board from the environment', () => {
  const text = `version: 1\nname: home\nstorages: { main: { kind: s3, bucket: backups } }\n${media}`
  const env = {
    REDIS_URL: 'redis://x',
    BACKSTREAM_NAME: 'other',
    BACKSTREAM_BOARD_LISTEN: '[::1]:80',
  }
  const result = parseConfig(text, { file: 'f', env })
  assert.ok(result.ok)
  const { redis, name, board } = result.config
  assert.deepEqual(
    [redis.url, name, board.host, board.port],
    [{ env: 'REDIS_URL' }, 'other', '::1', 80],
  )
})

test('reads sentinels, TLS and the users of the board', () => {
  const config = accept(`version: 1
name: home
redis: { sentinels: { name: main, nodes: ["s1:26379", "[::2]:26380"] }, password: { env: PW }, tls: { caFile: /ca } }
board: { listen: "0.0.0.0:80", basePath: /b/, users: { me: { role: viewer, password: { file: /pw } } } }
storages: { main: { kind: s3, bucket: backups } }
${media}`)
  assert.deepEqual(config.redis.sentinels, {
    name: 'main',
    nodes: [
      { host: 's1', port: 26_379 },
      { host: '::2', port: 26_380 },
    ],
  })
  assert.equal(config.board.basePath, '/b')
  assert.deepEqual(config.board.users, { me: { role: 'viewer', password: { file: '/pw' } } })
})

test('reads a thousand plans', () => {
  const plans = Array.from(
    { length: 1000 },
    (_, index) =>
      `  p${index}: { storage: main, schedule: { cron: "${index % 60} ${index % 24} * * ${index % 7}", timezone: Europe/Berlin }, source: { kind: directory, path: /srv/${index} } }\n`,
  )
  assert.equal(accept(`${head}plans:\n${plans.join('')}`).plans.length, 1000)
})

function accept(text: string): Config {
  const result = parseConfig(text, { file: 'backstream.yaml', env: { KEY_ID: 'AK' } })
  assert.deepEqual(errorsOf(result.ok ? [] : result.problems), [])
  assert.ok(result.ok)
  return result.config
}

function onePlan(keys: string): Plan {
  const plan = accept(
    `${head}plans:\n  p:\n    storage: main\n    source: { kind: directory, path: /srv }${keys}\n`,
  ).plans[0]
  assert.ok(plan)
  return plan
}

function errorsOf(problems: readonly ConfigProblem[]): string[] {
  return problems
    .filter(({ severity }) => severity === 'error')
    .map(({ key, message }) => `${key}: ${message}`)
}
