import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Plan } from '../model.ts'
import { parseConfig } from '../parse-config.ts'
import { formatProblems } from '../problem-report.ts'
import { isUpkeepDue, nextUpkeep, upkeepRunsOn } from './upkeep.ts'

const head = `version: 1
name: home
redis: redis://127.0.0.1
storages: { main: { kind: s3, bucket: backups } }
plans:
  p:
    storage: main
    source: { kind: directory, path: /x }
`

function planOf(keys: string): Plan {
  const result = parseConfig(`${head}    ${keys}\n`, { file: 'f.yaml', env: {} })
  assert.ok(result.ok, result.ok ? '' : formatProblems(result.problems))
  const [plan] = result.config.plans
  assert.ok(plan)
  return plan
}

const recipient = 'age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj'
const mistakes: readonly (readonly [string, string, RegExp])[] = [
  ['drill: { every: 7d, identity: { file: /k } }', 'drill', /which worker holds it/],
  ['drill: { every: 7d, checks: { present: [../etc] } }', 'drill.checks.present[0]', /not a path/],
  ['drill: { every: 7d, to: scratch }', 'drill.to', /absolute/],
  ['drill: { runsOn: vault }', 'drill', /either cron or every/],
  [
    `encryption: { recipients: [${recipient}] }\n    drill: { every: 7d }`,
    'drill',
    /no key to open them/,
  ],
  ['verify: { deep: 7d, identity: { file: /k } }', 'verify', /which worker holds it/],
  ['verify: {}', 'verify', /verifies nothing/],
]
for (const [keys, key, message] of mistakes) {
  test(`refuses ${keys.replace(recipient, 'age1…')}`, () => {
    const result = parseConfig(`${head}    ${keys}\n`, { file: 'f.yaml', env: {} })
    const errors = result.ok ? [] : result.problems.filter(({ severity }) => severity === 'error')
    assert.deepEqual(
      errors.map((problem) => problem.key),
      [`plans.p.${key}`],
    )
    assert.match(errors[0]?.message ?? '', message)
  })
}

const hourMs = 3_600_000
const nowMs = Date.UTC(2026, 9, 24, 12)

test('what is not asked for is never due', () => {
  const plan = planOf('enabled: true')
  for (const kind of ['verify', 'verify-deep', 'drill', 'prune'] as const) {
    assert.equal(nextUpkeep(plan, kind, nowMs), null)
  }
  assert.equal(
    nextUpkeep(planOf('enabled: false\n    verify: { every: 1d }'), 'verify', nowMs),
    null,
  )
})

test('a drill is due when its schedule says, in its time zone and across daylight saving', () => {
  const plan = planOf('drill: { cron: "0 9 * * 0", timezone: Europe/Berlin, runsOn: vault }')
  const first = nextUpkeep(plan, 'drill', nowMs)
  assert.equal(first, Date.UTC(2026, 9, 25, 8))
  assert.equal(nextUpkeep(plan, 'drill', Date.UTC(2026, 9, 18)), Date.UTC(2026, 9, 18, 7))
  assert.equal(upkeepRunsOn(plan, 'drill'), 'vault')
})

test('verification, deep verification and pruning have times of their own', () => {
  const plan = planOf('verify: { every: 1d, deep: 1d }\n    retention: { keepLast: 3 }')
  const times = (['verify', 'verify-deep', 'prune'] as const).map(
    (kind) => (nextUpkeep(plan, kind, nowMs) ?? 0) % (24 * hourMs),
  )
  assert.equal(new Set(times).size, 3)
})

test('one that was armed for a time that is no more, or for which a later one is there, is not due', () => {
  const plan = planOf('verify: { every: 6h }')
  const dueAtMs = nextUpkeep(plan, 'verify', nowMs) ?? 0
  assert.equal(isUpkeepDue(plan, 'verify', { dueAtMs, nowMs: dueAtMs }), true)
  assert.equal(isUpkeepDue(plan, 'verify', { dueAtMs, nowMs: dueAtMs + 5 * hourMs }), true)
  assert.equal(isUpkeepDue(plan, 'verify', { dueAtMs, nowMs: dueAtMs + 7 * hourMs }), false)
  const changed = planOf('verify: { every: 11h }')
  assert.equal(isUpkeepDue(changed, 'verify', { dueAtMs, nowMs: dueAtMs }), false)
  assert.equal(isUpkeepDue(planOf('enabled: true'), 'verify', { dueAtMs, nowMs: dueAtMs }), false)
})
