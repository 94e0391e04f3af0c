import { deepEqual, throws } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { subjectOfAnswer, subjectOfFlag } from './init-subject.ts'

describe('what init is to back up', () => {
  it('is a directory, a file or a server, by what was typed', () => {
    deepEqual(subjectOfAnswer('/srv/a'), { kind: 'directory', path: '/srv/a' })
    deepEqual(subjectOfAnswer('sqlite:///srv/a.db'), { kind: 'sqlite', path: '/srv/a.db' })
    const uri = 'postgresql://me:secret@db/shop?sslmode=require'
    deepEqual(subjectOfAnswer(uri), { kind: 'postgres', uri, name: 'shop' })
    const cache = 'rediss://cache:6379/0'
    deepEqual(subjectOfAnswer(cache), { kind: 'redis', uri: cache, name: 'redis' })
  })

  it('is named after its kind where no database is named', () => {
    const uri = 'mysql://me@db'
    deepEqual(subjectOfFlag('mariadb', uri), { kind: 'mariadb', uri, name: 'mariadb' })
  })

  it('is refused with a password on the command line, and never repeated', () => {
    for (const uri of ['postgres://me:hunter2@db/x', 'postgres://db/x?password=hunter2', 'hunter2'])
      throws(
        () => subjectOfFlag('postgres', uri),
        (error: Error & { code: string }) =>
          error.code === 'usage' && !`${error.message}${error.stack}`.includes('hunter2'),
      )
  })
})
