import { deepEqual, throws } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseStorageAddress } from './parse-storage-address.ts'

describe('parseStorageAddress', () => {
  it('takes bucket and prefix apart, without slashes at the ends', () => {
    deepEqual(parseStorageAddress('s3://backups'), { bucket: 'backups', prefix: '' })
    deepEqual(parseStorageAddress('s3://backups/'), { bucket: 'backups', prefix: '' })
    deepEqual(parseStorageAddress('s3://backups/prod/eu/'), {
      bucket: 'backups',
      prefix: 'prod/eu',
    })
  })

  it('refuses credentials, and does not repeat them', () => {
    throws(
      () => parseStorageAddress('s3://key:hunter2@backups/prod'),
      (error: Error) => !`${error.message}${error.stack}`.includes('hunter2'),
    )
  })

  for (const text of ['backups/prod', 'https://s3.example.com/backups', 's3://', 's3:///prod']) {
    it(`refuses ${text}`, () => throws(() => parseStorageAddress(text), { code: 'usage' }))
  }
})
