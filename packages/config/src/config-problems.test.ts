import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseConfig } from './parse-config.ts'
import { type ConfigProblem, formatProblems } from './problem-report.ts'

const head = `version: 1
name: home
redis: redis://127.0.0.1:6379
storages: { main: { kind: s3, bucket: backups } }
plans: { p: { storage: main, source: { kind: directory, path: /srv } } }
`

test('tells every problem at once, in the order of the file, with place, key and remedy', () => {
  const problems = problemsOf(`version: 1
name: Home
redis: redis://127.0.0.1:6379
storages:
  main: { kind: s3, bucket: backups, forcePathStyle: true }
plans:
  media:
    storage: man
    schedule: { cron: "15 3 * *", timezone: Europe/Berln }
    attempts: many
    source: { kind: directory }
`)
  assert.equal(
    formatProblems(problems),
    `f.yaml:2:7  name: not a name
    → use small letters, digits and dashes, a letter or digit first, at most 63
f.yaml:5:38  storages.main.forcePathStyle: not a known key
    → did you mean pathStyle?
f.yaml:8:14  plans.media.storage: there is no storage of this name
    → write one of main, or add it to storages
f.yaml:9:23  plans.media.schedule.cron: not a cron expression
    → write five fields, minute hour day month weekday: "15 3 * * *" is daily at 03:15
f.yaml:9:45  plans.media.schedule.timezone: not a known time zone
    → did you mean Europe/Berlin?
f.yaml:10:15  plans.media.attempts: must be a whole number from 1 to 100
    → write a whole number from 1 to 100
f.yaml:11:5  plans.media.source.path: is missing
    → add it`,
  )
})

test('says a slip in the YAML once, not what the parser makes of the lines behind it', () => {
  const problems = problemsOf('version: 1\nredis: { url: ${X} }\nplans: {}\nretired: []\n')
  assert.deepEqual(
    problems.map(({ line, column }) => [line, column]),
    [[2, 15]],
  )
})

/** What stands in the file → what is said: key, message, remedy. */
const mistakes: readonly (readonly [string, string, string, RegExp, RegExp])[] = [
  [
    'an unquoted variable in { }',
    'redis: { url: ${X} }',
    '',
    /\$\{X\} must be quoted inside/,
    /"\$\{X\}"/,
  ],
  ['an unquoted variable in [ ]', 'retired: [${X}]', '', /must be quoted inside/, /"\$\{X\}"/],
  ['an unquoted cron expression', 'cron: */5 * * * *', '', /begins with \*/, /"\*\/5 \* \* \* \*"/],
  ['an unquoted pattern', 'retired: [*.log]', 'retired[0]', /begins with \*/, /"\*\.log"/],
  ['an unquoted !', 'retired:\n  - !keep', 'retired[0]', /begins with !/, /quotes/],
  ['an unquoted @', 'name: @x', '', /begins with @/, /quotes/],
  ['a tab', 'board:\n\tlisten: x', '', /tab/, /spaces/],
  ['a key twice', 'name: a\nname: b', '', /twice/, /remove/],
  ['two documents', 'name: a\n---\nname: b', '', /several YAML documents/, /keep one/],
  ['an older YAML', '%YAML 1.1\n---\nname: a', '', /YAML 1\.2/, /remove/],
  ['an open quote', 'name: "a', '', /Missing closing/, /close/],
  ['an alias inside itself', 'x-a: &a [*a]', 'x-a[0]', /inside what it refers to/, /complete/],
  ['a list', '- a', '', /must be a mapping/, /keys/],
  ['nothing', '# nothing\n', '', /empty/, /init/],
  ['a key that is no word', '? [a]\n: b', '', /cannot be a key/, /plain word/],
  ['a merge of nothing', '<<: 5', '', /<< takes a mapping/, /&name/],
]
for (const [what, text, key, message, remedy] of mistakes) {
  test(`names the mistake: ${what}`, () => {
    const problem = problemsOf(`${text}\n`).find((candidate) => message.test(candidate.message))
    assert.ok(problem)
    assert.equal(problem.key, key)
    assert.match(problem.remedy, remedy)
  })
}

/** Lines of a plan → what is said. */
const planMistakes: readonly (readonly [string, string, RegExp])[] = [
  ['excludes: [a]', 'plans.p.excludes', /not a known key/],
  ['cron: "0 3 * * *"', 'plans.p.cron', /not a known key/],
  ['source: { kind: directroy, path: /x }', 'plans.p.source.kind', /must be directory, command/],
  ['source: { kind: directory, path: srv }', 'plans.p.source.path', /not an absolute path/],
  ['source: { kind: directory, path: ~/x }', 'plans.p.source.path', /not an absolute path/],
  ['source: { kind: directory, path: /x, at: y }', 'plans.p.source.at', /root of the archive/],
  ['source: { kind: directory, path: /x, exclude: [1] }', 'plans.p.source.exclude[0]', /text/],
  ['source: { kind: command, argv: [] }', 'plans.p.source.argv', /is empty/],
  ['source: { kind: command, argv: pg_dump }', 'plans.p.source.argv', /must be a list/],
  ['sources: []', 'plans.p.sources', /is empty/],
  ['sources: [{ kind: directory, path: /x }]', 'plans.p.sources[0].at', /not said/],
  ['sources: [{ kind: directory, path: /x, at: ../y }]', 'plans.p.sources[0].at', /not a safe/],
  [
    'sources: [{ kind: directory, path: /x, at: a }, { kind: directory, path: /y, at: a }]',
    'plans.p.sources[1].at',
    /another source/,
  ],
  [
    'sources: [{ kind: directory, path: /x, at: a/b }, { kind: directory, path: /y, at: a }]',
    'plans.p.sources[1].at',
    /inside or around/,
  ],
  ['schedule: { cron: "0 3 * * *", every: 6h }', 'plans.p.schedule', /either cron or every/],
  ['schedule: { every: 6h, timezone: UTC }', 'plans.p.schedule.timezone', /no time zone/],
  ['schedule: { every: 6 }', 'plans.p.schedule.every', /needs a unit/],
  ['schedule: 6h', 'plans.p.schedule', /not a cron expression/],
  ['schedule: [a]', 'plans.p.schedule', /must be a mapping .* or text/],
  ['schedule: "0 0 31 2 *"', 'plans.p.schedule', /never fires/],
  ['schedule:', 'plans.p.schedule', /is empty/],
  ['storage: [main, main]', 'plans.p.storage', /not yet in this version/],
  ['storage: constructor', 'plans.p.storage', /no storage of this name/],
  ['limits: [pg]', 'plans.p.limits[0]', /nothing of this name/],
  ['notify: [ops]', 'plans.p.notify[0]', /nothing of this name/],
  ['retention: { keepWithin: 6m }', 'plans.p.retention.keepWithin', /6 months or 6 minutes/],
  ['retention: { keepDaily: 0 }', 'plans.p.retention', /keeps nothing/],
  ['retention: { daily: 7 }', 'plans.p.retention.daily', /not a known key/],
  ['compression: { algorithm: gzip, level: 12 }', 'plans.p.compression.level', /no such level/],
  [
    'encryption: { recipients: [age1abc] }',
    'plans.p.encryption.recipients[0]',
    /not an age recipient/,
  ],
  ['encryption: { recipients: [] }', 'plans.p.encryption.recipients', /is empty/],
  ['runsOn: My NAS', 'plans.p.runsOn', /not the name of a worker/],
  ['overlap: maybe', 'plans.p.overlap', /must be skip or wait/],
  ['shrink: 500', 'plans.p.shrink', /not a percentage/],
  ['minSize: 5', 'plans.p.minSize', /needs a unit/],
  ['catchUp: soon', 'plans.p.catchUp', /.+/],
  ['each: [Web]', 'plans.p.each[0]', /not usable/],
]
for (const [line, key, message] of planMistakes) {
  test(`refuses in a plan: ${line}`, () => {
    const rest = line.startsWith('source')
      ? 'storage: main'
      : 'source: { kind: directory, path: /x }'
    const storage =
      line.startsWith('storage') || rest.startsWith('storage') ? '' : '    storage: main\n'
    const plan = `plans:\n  p:\n    ${rest}\n${storage}    ${line}\n`
    const errors = errorsOf(`${head.replace(/plans.*\n/, '')}${plan}`)
    const found = errors.filter((problem) => problem.key === key)
    assert.equal(found.length, 1, formatProblems(errors))
    assert.match(found[0]?.message ?? '', message)
  })
}

/** Replaces a line of the head → what is said. */
const topMistakes: readonly (readonly [RegExp, string, string, RegExp])[] = [
  [/version.*/, '', 'version', /is missing/],
  [/version.*/, 'version: 2', 'version', /not known/],
  [/name.*/, '', 'name', /is missing/],
  [/redis.*/, '', 'redis', /is missing/],
  [/redis.*/, 'redis: localhost', 'redis', /not the address/],
  [/redis.*/, 'redis: { username: x }', 'redis', /url or by sentinels/],
  [/redis.*/, 'redis: { url: http://x }', 'redis.url', /not the address/],
  [/storages.*/, '', 'storages', /is missing/],
  [
    /storages.*/,
    'storages: { main: { kind: s3, bucket: s3://a/b } }',
    'storages.main.bucket',
    /not the name of a bucket/,
  ],
  [
    /storages.*/,
    'storages: { main: { kind: s3, bucket: abc, prefix: a/../b } }',
    'storages.main.prefix',
    /not a prefix/,
  ],
  [
    /storages.*/,
    'storages: { main: { kind: s3, bucket: abc, endpoint: s3.local } }',
    'storages.main.endpoint',
    /not an address/,
  ],
  [
    /storages.*/,
    'storages: { main: { kind: s3, bucket: abc, sse: { km: x } } }',
    'storages.main.sse.km',
    /not a known key/,
  ],
  [
    /storages.*/,
    'storages: { main: { kind: s3, bucket: abc, credentials: { accessKeyId: { env: A, file: /b }, secretAccessKey: { env: B } } } }',
    'storages.main.credentials.accessKeyId',
    /either \{ env/,
  ],
  [/storages.*/, 'storages: { Main: { kind: s3, bucket: abc } }', 'storages.Main', /not a name/],
  [/plans.*/, 'plans: {}', 'plans', /no plan/],
  [/plans.*/, 'plans:', 'plans', /no plan/],
  [/plans.*/, '', 'plans', /no plan/],
  [
    /plans.*/,
    'plans: { latest: { storage: main, source: { kind: directory, path: /x } } }',
    'plans.latest',
    /not usable/,
  ],
  [
    /plans.*/,
    'plans: { A: { storage: main, source: { kind: directory, path: /x } } }',
    'plans.A',
    /not usable/,
  ],
  [/plans.*/, 'plans: { a: 5 }', 'plans.a', /must be a mapping/],
  [/plans.*/, 'plans: { a: { storage: main } }', 'plans.a.source', /not said/],
  [
    /plans.*/,
    'plans: { a: { source: { kind: directory, path: /x } } }',
    'plans.a.storage',
    /not said/,
  ],
  [
    /plans.*/,
    'plans: { a: { each: [b, b], storage: main, source: { kind: directory, path: /x } } }',
    'plans.a',
    /twice/,
  ],
  [
    /plans.*/,
    'plans: { a: { each: [b], storage: main, source: { kind: directory, path: /x } }, a-b: { storage: main, source: { kind: directory, path: /x } } }',
    'plans.a-b',
    /made by plans.a too/,
  ],
  [/$/, 'retired: [p]', 'retired[0]', /there is a plan/],
  [/$/, 'board: { listen: "0.0.0.0:80" }', 'board.listen', /no users/],
  [/$/, 'board: { listen: ":80" }', 'board.listen', /no users/],
  [/$/, 'board: { listen: 80 }', 'board.listen', /must be text/],
  [/$/, 'defaults: { each: [a] }', 'defaults.each', /belongs to a plan/],
  [/$/, 'defaults: { storage: nope, attempts: 0 }', 'defaults.attempts', /whole number/],
  [/$/, 'heartbeat: { every: 5m }', 'heartbeat.url', /is missing/],
  [/$/, 'notify: { a: { kind: smoke } }', 'notify.a.kind', /must be ping/],
  [/$/, 'limits: { pg: 0 }', 'limits.pg', /whole number/],
  [/$/, 'plan: {}', 'plan', /not a known key/],
]
for (const [line, replacement, key, message] of topMistakes) {
  test(`refuses ${replacement || `a file without ${line.source.replace('.*', '')}`}`, () => {
    const errors = errorsOf(head.replace(line, replacement))
    const found = errors.filter((problem) => problem.key === key)
    assert.equal(found.length, 1, formatProblems(errors))
    assert.match(found[0]?.message ?? '', message)
  })
}

test('names the variable that is not set, once for each place', () => {
  const text = `${head}limits: { a: "\${NOPE}" }\nretired: ["\${GONE:?ask the on-call person}", "\${A:-\${B}}"]\n`
  const shown = errorsOf(text).map(({ line, column, message }) => `${line}:${column} ${message}`)
  assert.deepEqual(shown, [
    '6:14 the environment variable NOPE is not set',
    '7:11 the environment variable GONE is not set: ask the on-call person',
    '7:46 ${A… is not a variable',
  ])
})

test('says a mistake in defaults once, where it stands', () => {
  const text = `${head.replace(/plans.*\n/, '')}defaults: { storage: nope, source: { kind: directory, path: /x } }
plans: { a: {}, b: {}, c: { each: [x, y] } }
`
  assert.deepEqual(
    errorsOf(text).map(({ key, line, column }) => [key, line, column]),
    [['plans.a.storage', 5, 22]].map(([, line, column]) => ['defaults.storage', line, column]),
  )
})

test('never repeats a value that came from the environment or that is a secret', () => {
  const secret = 'hunter2-canary'
  const text = `version: 1
name: "\${S}"
redis: "\${S}"
board: { listen: "\${S}", users: { me: { role: "\${S}", password: [${secret}] } } }
storages:
  main: { kind: "\${S}", bucket: "\${S}/x", credentials: { accessKeyId: [${secret}], secretAccessKey: { envv: ${secret} } } }
plans:
  p: { storage: "\${S}", schedule: "\${S}", source: { kind: "\${S}" }, encryption: { recipients: ["\${S}"] } }
  q: { storage: main, source: { kind: command, argv: ["\${S}"], env: { A: { env: "\${S} x" } } } }
  each: { each: ["\${S}!"] }
`
  const problems = problemsOf(text, { S: secret })
  assert.ok(problems.length > 8)
  assert.ok(!JSON.stringify(problems).includes(secret))
})

test('notes a secret that stands in the file, and names the better form', () => {
  const text = `${head.replace(/storages.*\n/, '').replace(/redis.*\n/, '')}redis: redis://u:hunter2@x:6379
storages: { main: { kind: s3, bucket: abc, credentials: { accessKeyId: AK, secretAccessKey: hunter2 } } }
`
  const result = parseConfig(text, { file: 'f.yaml', env: {} })
  assert.ok(result.ok)
  assert.deepEqual(
    result.notices.map(({ key, remedy }) => [key, remedy.includes('{ env: NAME }')]),
    [
      ['redis', true],
      ['storages.main.credentials.secretAccessKey', true],
    ],
  )
  assert.ok(!JSON.stringify(result.notices).includes('hunter2'))
})

test('notes a variable in the arguments of a command, but not ${each}', () => {
  const text = `${head.replace(/plans.*\n/, '')}plans:
  p: { each: [a], storage: main, source: { kind: command, argv: [x, "\${each}", "\${PW}"] } }
`
  const result = parseConfig(text, { file: 'f.yaml', env: { PW: 'x' } })
  assert.ok(result.ok)
  assert.deepEqual(
    result.notices.map(({ key }) => key),
    ['plans.p.source.argv[2]'],
  )
})

test('notes an overdue limit below the longest gap of the schedule', () => {
  const text = head.replace(
    'storage: main,',
    'storage: main, schedule: "0 3 * * *", overdueAfter: 20h,',
  )
  const result = parseConfig(text, { file: 'f.yaml', env: {} })
  assert.ok(result.ok)
  assert.deepEqual(
    result.notices.map(({ key }) => key),
    ['plans.p.overdueAfter'],
  )
})

function problemsOf(text: string, env: Record<string, string> = {}): readonly ConfigProblem[] {
  const result = parseConfig(text, { file: 'f.yaml', env })
  assert.ok(!result.ok)
  return result.problems
}

function errorsOf(text: string): readonly ConfigProblem[] {
  const result = parseConfig(text, { file: 'f.yaml', env: {} })
  return result.ok ? [] : result.problems.filter(({ severity }) => severity === 'error')
}
