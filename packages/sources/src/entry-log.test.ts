import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { EntryLog } from './entry-log.ts'
import { directoryConfig } from './source-samples.ts'

const at = { path: 'dir/file', location: '/src/dir/file' }
const failure = (code: string): NodeJS.ErrnoException => Object.assign(new Error(code), { code })

describe('EntryLog', () => {
  it('warns of what vanished or was replaced, whatever is to be done about the unreadable', () => {
    const log = new EntryLog(directoryConfig('/src', { at: 'web' }))
    for (const code of ['ENOENT', 'ELOOP', 'ENOTDIR']) log.failed(at, failure(code))
    assert.deepEqual(log.summary().warningCounts, { vanished: 1, replaced: 2 })
    assert.equal(log.summary().warnings[0]?.path, 'web/dir/file')
  })

  it('fails for good where permission is missing, and for now where the disk fails', () => {
    const log = new EntryLog(directoryConfig('/src'))
    assert.throws(() => log.failed(at, failure('EACCES')), {
      code: 'source-unreadable',
      permanent: true,
      message: '/src/dir/file cannot be read (EACCES)',
      remedy: /onUnreadable: skip/,
    })
    assert.throws(() => log.failed(at, failure('EIO')), { permanent: false })
    assert.throws(() => log.failed(at, failure('EMFILE')), { code: 'source-failed' })
  })

  it('leaves the unreadable out with a warning when told to, and nothing else', () => {
    const log = new EntryLog(directoryConfig('/src', { onUnreadable: 'skip' }))
    for (const code of ['EACCES', 'EPERM', 'EIO']) log.failed(at, failure(code))
    assert.deepEqual(log.summary().warningCounts, { unreadable: 3 })
    assert.throws(() => log.failed(at, failure('EMFILE')), { code: 'source-failed' })
  })

  it('counts more warnings than it keeps', () => {
    const log = new EntryLog(directoryConfig('/src'))
    for (let i = 0; i < 12_000; i++) log.warn('vanished', { path: `${i}` }, 'gone')
    assert.equal(log.summary().warnings.length, 10_000)
    assert.deepEqual(log.summary().warningCounts, { vanished: 12_000 })
  })
})
