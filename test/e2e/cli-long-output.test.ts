import { equal } from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { leakGuard } from '@backstream/testkit'
import { cliFile } from './cli-fixture.ts'

leakGuard()

it('a long document reaches a reader that takes its time, to the last byte', async () => {
  const items = Array.from({ length: 1_500 }, (_, at) => `p${at}`).join(', ')
  const child = spawn(process.execPath, [cliFile, 'validate', '--json', '-c', '-'])
  child.stdin.end(`version: 1
name: home
redis: redis://127.0.0.1
storages: { main: { kind: s3, bucket: backups } }
plans:
  many: { each: [${items}], storage: main, source: { kind: directory, path: /x } }
`)
  // Longer than the command needs for all but its writing.
  await sleep(3_000)
  const document = JSON.parse(await text(child.stdout))
  equal(document.plans.length, 1_500)
})
