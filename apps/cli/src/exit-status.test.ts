import { equal } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { BackupError } from '@backstream/backup'
import { ConfigError } from '@backstream/config'
import { QueueError } from '@backstream/queue'
import { StorageError } from '@backstream/storage'
import { CliError, notYet } from './cli-error.ts'
import { exitStatusOf } from './exit-status.ts'

const table: readonly (readonly [number, Error])[] = [
  [1, new Error('anything')],
  [1, new CliError('failed', 'x')],
  [1, new QueueError('unreachable', 'x')],
  [1, new StorageError('access-denied', 'x')],
  [1, new BackupError('not-verified', 'x')],
  [2, new CliError('usage', 'x')],
  [2, notYet('x')],
  [2, new ConfigError('config-invalid', 'x')],
  [2, new ConfigError('config-not-found', 'x')],
  [2, new BackupError('ambiguous-backup', 'x')],
  [3, new CliError('incomplete', 'x')],
  [4, new CliError('refused', 'x')],
  [4, new BackupError('restore-target', 'x')],
  [4, new BackupError('foreign-prefix', 'x')],
  [5, new CliError('no-such-plan', 'x')],
  [5, new BackupError('no-such-backup', 'x')],
  [124, new CliError('timeout', 'x')],
  [130, new CliError('interrupted', 'x')],
]

describe('exitStatusOf', () => {
  for (const [status, error] of table) {
    const code = 'code' in error ? String(error.code) : 'none'
    it(`ends with ${status} for a ${error.name} ${code}`, () => equal(exitStatusOf(error), status))
  }

  it('does not take a store that answered too late for a --timeout that passed', () => {
    equal(exitStatusOf(new StorageError('timeout', 'x')), 1)
  })
})
