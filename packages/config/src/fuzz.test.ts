import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { stringify } from 'yaml'
import { parseConfig } from './parse-config.ts'

/** Whatever the text: an answer, problems with a place, and no success beside an error. */
function check(text: string): void {
  const result = parseConfig(text, { file: 'f', env: { A: 'x', B: '' } })
  const problems = result.ok ? result.notices : result.problems
  assert.ok(result.ok || problems.some(({ severity }) => severity === 'error'))
  assert.ok(!result.ok || problems.every(({ severity }) => severity === 'notice'))
  for (const { line, column, message, file } of problems) {
    assert.ok(Number.isInteger(line) && line >= 1)
    assert.ok(Number.isInteger(column) && column >= 1)
    assert.ok(message !== '')
    assert.equal(file, 'f')
  }
}

test('answers any text with problems', () => {
  const crumbs = fc.constantFrom(
    ...'&*!@%`|>{}[]?:-#,"\'\t\n $',
    '${A}',
    '${',
    '<<:',
    '&a ',
    '*a',
    '---',
    '? ',
    'x-',
    ': ',
    '\n  ',
    '\n- ',
  )
  const soup = fc.array(fc.oneof(crumbs, fc.string({ maxLength: 3 })), { maxLength: 40 })
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: 'binary' }),
        soup.map((parts) => parts.join('')),
      ),
      check,
    ),
    { numRuns: 500 },
  )
})

const valid = {
  version: 1,
  name: 'home',
  redis: { url: 'redis://127.0.0.1', tls: true },
  board: { listen: '127.0.0.1:1', users: { me: { role: 'viewer', password: { env: 'A' } } } },
  notify: { hc: { kind: 'ping', url: { env: 'A' }, on: ['failed'] } },
  heartbeat: { url: { file: '/a' }, every: '5m' },
  limits: { pg: 2 },
  storages: {
    main: {
      kind: 's3',
      bucket: 'abc',
      credentials: { accessKeyId: '${A}', secretAccessKey: { env: 'B' } },
      lock: { mode: 'governance', for: '30d' },
    },
  },
  defaults: { storage: 'main', schedule: '15 3 * * *', retention: { keepLast: 3 } },
  plans: {
    a: { source: { kind: 'directory', path: '/x', exclude: ['a'] }, catchUp: '1h' },
    b: {
      each: ['c', 'd'],
      sources: [{ kind: 'command', at: 'x', argv: ['${each}'], env: { X: { env: 'A' } } }],
      schedule: { every: '6h', jitter: '5m' },
      drill: { cron: '0 9 * * 0', runsOn: 'vault' },
    },
  },
  retired: ['old'],
}

test('accepts the configuration that the next test mutilates', () => {
  assert.ok(parseConfig(stringify(valid), { file: 'f', env: { A: 'x', B: 'y' } }).ok)
})

test('answers a configuration in which any part was replaced by anything', () => {
  const paths = allPaths(valid, [])
  const anything = fc.oneof(
    fc.constantFrom(
      null,
      '',
      '${A}',
      '${B}',
      '${NOPE}',
      '$',
      [],
      {},
      [null],
      0,
      -1,
      1e300,
      true,
      'constructor',
      { __proto__: 1 },
    ),
    fc.jsonValue({ maxDepth: 3 }),
    fc.constantFrom(...paths).map((path) => valueAt(valid, path)),
  )
  fc.assert(
    fc.property(fc.constantFrom(...paths), anything, (path, value) => {
      check(stringify(replaceAt(valid, path, value)))
    }),
    { numRuns: 500 },
  )
})

test('answers an alias bomb, endless nesting and a huge file at once', () => {
  const bomb = Array.from({ length: 40 }, (_, level) =>
    level === 0 ? 'x-0: &a0 [1, 1]' : `x-${level}: &a${level} [*a${level - 1}, *a${level - 1}]`,
  )
  const mergeBomb = bomb.map((line) => line.replaceAll('[', '{ <<: [').replaceAll(']', '] }'))
  check(bomb.join('\n'))
  check(mergeBomb.join('\n'))
  check('['.repeat(20_000))
  check('{a: '.repeat(20_000))
  check('- '.repeat(20_000))
  check(`a: ${'x'.repeat(2_000_000)}`)
  check('a: 1\n'.repeat(5000))
  check(Array.from({ length: 3000 }, (_, index) => `k${index}: 1\n`).join(''))
})

type Path = readonly (string | number)[]

function allPaths(value: unknown, path: Path): Path[] {
  if (typeof value !== 'object' || value === null) return [path]
  const below = Object.entries(value).flatMap(([key, inner]) =>
    allPaths(inner, [...path, Array.isArray(value) ? Number(key) : key]),
  )
  return [path, ...below]
}

function valueAt(tree: unknown, path: Path): unknown {
  return path.reduce((at, key) => (at as Record<string | number, unknown>)[key], tree)
}

function replaceAt(tree: unknown, [key, ...rest]: Path, value: unknown): unknown {
  if (key === undefined) return value
  const copy: Record<string | number, unknown> = Array.isArray(tree)
    ? ([...tree] as never)
    : { ...(tree as object) }
  copy[key] = replaceAt(copy[key], rest, value)
  return copy
}
