import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Config } from './model.ts'
import { parseConfig } from './parse-config.ts'

const head = `version: 1
name: home
redis: redis://127.0.0.1:6379
storages: { main: { kind: s3, bucket: backups } }
plans: { p: { storage: main, source: { kind: directory, path: /srv }, notify: [hc] } }
`

function read(text: string): { config: Config; notices: readonly string[] } {
  const result = parseConfig(`${head}${text}`, { file: 'f.yaml', env: { TOKEN: 'x' } })
  assert.ok(result.ok, JSON.stringify(result))
  return { config: result.config, notices: result.notices.map(({ key }) => key) }
}

test('a ping hears everything unless said otherwise, anybody else all but good runs', () => {
  const { config } = read(`notify:
  hc: { kind: ping, url: { env: HC } }
  ops: { kind: webhook, url: { env: OPS } }
  few: { kind: webhook, url: { env: OPS }, on: [failed] }
`)
  assert.equal(config.notify['hc']?.on.includes('succeeded'), true)
  assert.equal(config.notify['ops']?.on.includes('succeeded'), false)
  assert.equal(config.notify['ops']?.on.includes('unknown-plan'), true)
  assert.deepEqual(config.notify['few']?.on, ['failed'])
})

test('a notifier has every key it may have', () => {
  const { config } = read(`notify:
  hc: { kind: command, argv: [/bin/tell], env: { TOKEN: { env: TOKEN } } }
  mail: { kind: mail, from: a@x, to: [b@x], smtp: { host: h, password: { env: P } } }
`)
  assert.deepEqual(config.notify['mail'], {
    kind: 'mail',
    from: 'a@x',
    to: ['b@x'],
    smtp: { host: 'h', port: null, user: null, password: { env: 'P' }, tls: false },
    on: config.notify['hc']?.on,
  })
})

test('a variable in the arguments of a command is pointed at', () => {
  const text = 'notify: { hc: { kind: command, argv: [/bin/tell, "${TOKEN}"] } }\n'
  assert.ok(read(text).notices.includes('notify.hc.argv[1]'))
})
