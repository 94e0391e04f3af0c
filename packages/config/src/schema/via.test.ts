import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Plan } from '../model.ts'
import { parseConfig } from '../parse-config.ts'

function parse(via: string): ReturnType<typeof parseConfig> {
  const text = `version: 1
name: home
redis: redis://127.0.0.1:6379
storages: { main: { kind: s3, bucket: backups } }
plans: { p: { storage: main, source: { kind: directory, path: /srv, via: ${via} } } }
`
  return parseConfig(text, { file: 'f.yaml', env: {} })
}

function planOf(via: string): Plan {
  const result = parse(via)
  assert.ok(result.ok, JSON.stringify(result))
  return result.config.plans[0] as Plan
}

function keysOf(via: string): readonly string[] {
  const result = parse(via)
  assert.ok(!result.ok)
  return result.problems.map(({ key }) => key.replace('plans.p.source.', ''))
}

test('reads each way to a place, with what is not said made plain', () => {
  const viaOf = (text: string) => planOf(text).sources[0]?.via
  assert.deepEqual(viaOf('{ kubernetes: { workload: deployment/db, waitFor: 2m, pick: any } }'), {
    way: 'kubernetes',
    context: null,
    namespace: null,
    workload: 'deployment/db',
    selector: null,
    pod: null,
    container: null,
    waitForMs: 120_000,
    pickAny: true,
  })
  assert.deepEqual(viaOf('{ docker: { container: db } }'), {
    way: 'docker',
    container: 'db',
    pickAny: false,
  })
  assert.deepEqual(viaOf('{ compose: { project: shop, service: db } }'), {
    way: 'compose',
    project: 'shop',
    service: 'db',
    pickAny: false,
  })
  assert.deepEqual(viaOf('{ ssh: { host: backup@web-01 } }'), {
    way: 'ssh',
    host: 'backup@web-01',
  })
})

test('takes a plan for one of no machine when its sources are elsewhere', () => {
  assert.equal(planOf('{ ssh: { host: web-01 } }').isLocal, false)
})

test('wants one way, one pod, and names that a client cannot take for its options', () => {
  assert.deepEqual(keysOf('{}'), ['via'])
  assert.deepEqual(keysOf('{ ssh: { host: h }, docker: { container: c } }'), ['via'])
  assert.deepEqual(keysOf('{ kubernetes: { namespace: shop } }'), ['via.kubernetes'])
  assert.deepEqual(keysOf('{ kubernetes: { pod: a, selector: app=b } }'), ['via.kubernetes'])
  assert.deepEqual(keysOf('{ ssh: { host: "-oProxyCommand=x" } }'), ['via.ssh.host'])
})
