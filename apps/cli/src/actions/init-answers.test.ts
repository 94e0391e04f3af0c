import { deepEqual, match, rejects } from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { describe, it } from 'node:test'
import type { Session } from '../command-context.ts'
import { answersFor } from './init-answers.ts'

/** Somebody at a terminal who types these lines. */
function typing(...lines: readonly string[]) {
  const stdin = Object.assign(new PassThrough(), { isTTY: true })
  const stdout = Object.assign(new PassThrough(), { isTTY: true })
  stdin.end(lines.map((line) => `${line}\n`).join(''))
  return { session: { stdin, stdout, json: false } as unknown as Session, stdout }
}

const flags = { encryption: true, probe: true }

describe('init on a terminal', () => {
  it('asks for everything that no flag says', async () => {
    const { session, stdout } = typing('mariadb://me@db/shop', 's3://backups/x', '', 'eu-central-1')
    deepEqual(await answersFor(session, flags), {
      subjects: [{ kind: 'mariadb', uri: 'mariadb://me@db/shop', name: 'shop' }],
      storage: { bucket: 'backups', prefix: 'x' },
      endpoint: null,
      region: 'eu-central-1',
    })
    match(String(stdout.read()), /What to back up[\s\S]*Where to[\s\S]*Endpoint[\s\S]*Region/)
  })

  it('asks nothing that a flag says', async () => {
    const { session } = typing('s3://backups', '', '')
    const { subjects } = await answersFor(session, { ...flags, sqlite: ['/srv/a.db'] })
    deepEqual(subjects, [{ kind: 'sqlite', path: '/srv/a.db' }])
  })

  it('gives up where the answers end', async () => {
    const { session } = typing('/srv')
    await rejects(answersFor(session, flags), /ended before every question was answered/)
  })
})
