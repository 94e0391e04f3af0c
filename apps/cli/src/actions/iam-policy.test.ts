import { deepEqual, equal, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type IamPolicy, iamPolicy, type PolicyStorage } from './iam-policy.ts'

const storage: PolicyStorage = {
  name: 'main',
  bucket: 'backups',
  prefix: 'prod',
  region: 'eu-central-1',
  sse: null,
  tags: {},
  lock: null,
}

function resourcesOf(policy: IamPolicy, action: string): readonly string[] {
  return policy.Statement.filter(({ Action }) => Action.includes(action)).flatMap(
    ({ Resource }) => Resource,
  )
}

/** As IAM matches: a star stands for any characters, slashes too. */
function allows(policy: IamPolicy, action: string, key: string): boolean {
  return resourcesOf(policy, action).some((resource) => {
    const pattern = resource.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
    return new RegExp(`^${pattern.join('.*')}$`).test(`arn:aws:s3:::backups/${key}`)
  })
}

const backup = 'prod/home/20261124T031500Z-000001'

describe('iamPolicy', () => {
  it('lets a writer delete what its attempt stored, and never a manifest', () => {
    const policy = iamPolicy('writer', [storage])
    for (const key of ['archive.tar.zst', 'archive.tar.zst.001', 'index.zst', 'RESTORE.md']) {
      ok(allows(policy, 's3:DeleteObject', `${backup}/${key}`), key)
    }
    for (const key of [`${backup}.json`, `${backup}/notes/x-pin.json`, 'prod/backstream.json']) {
      ok(!allows(policy, 's3:DeleteObject', key), key)
      ok(allows(policy, 's3:PutObject', key), key)
    }
  })

  it('lets a reader read and list, and nothing else', () => {
    const actions = iamPolicy('reader', [storage]).Statement.flatMap(({ Action }) => Action)
    deepEqual(
      actions.filter((action) => !/^s3:(Get|List)/.test(action)),
      [],
    )
  })

  it('lets maintenance remove backups, and lock them where the storage has a lock', () => {
    ok(allows(iamPolicy('maintenance', [storage]), 's3:DeleteObjectVersion', `${backup}.json`))
    deepEqual(resourcesOf(iamPolicy('maintenance', [storage]), 's3:PutObjectRetention'), [])
    const locked = { ...storage, lock: { mode: 'governance', forMs: 1 } } as const
    ok(allows(iamPolicy('maintenance', [locked]), 's3:PutObjectRetention', `${backup}.json`))
  })

  it('reaches nothing outside the prefix', () => {
    for (const role of ['writer', 'maintenance', 'reader'] as const) {
      for (const action of ['s3:GetObject', 's3:PutObject', 's3:DeleteObject']) {
        ok(!allows(iamPolicy(role, [storage]), action, 'other/home/x'), `${role} ${action}`)
      }
    }
  })

  it('covers the whole bucket where there is no prefix', () => {
    deepEqual(resourcesOf(iamPolicy('reader', [{ ...storage, prefix: '' }]), 's3:GetObject'), [
      'arn:aws:s3:::backups/*',
    ])
  })

  it('knows the other partitions and the key of KMS', () => {
    const elsewhere = { ...storage, region: 'cn-north-1' }
    ok(resourcesOf(iamPolicy('reader', [elsewhere]), 's3:GetObject')[0]?.startsWith('arn:aws-cn:'))
    const sse = { kind: 'kms', keyId: 'abc' } as const
    const policy = iamPolicy('writer', [{ ...storage, sse }])
    deepEqual(resourcesOf(policy, 'kms:GenerateDataKey'), ['arn:aws:kms:eu-central-1:*:key/abc'])
  })

  it('names each statement once, in letters and digits', () => {
    const policy = iamPolicy('writer', [storage, { ...storage, name: 'off-site.2' }])
    const sids = policy.Statement.map(({ Sid }) => Sid)
    equal(new Set(sids).size, sids.length)
    ok(sids.every((sid) => /^[A-Za-z0-9]+$/.test(sid)))
  })
})
