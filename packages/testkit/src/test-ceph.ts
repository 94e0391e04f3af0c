import type { TestS3 } from './test-s3.ts'
import { uniqueName } from './unique-name.ts'

/**
 * A Ceph gateway to test against, from TEST_CEPH_ENDPOINT, _ACCESS_KEY_ID, _SECRET_ACCESS_KEY and
 * _BUCKET. Null when there is none; with CI=true that is an error, so that a gap cannot go unseen.
 */
export async function openTestCeph(): Promise<TestS3 | null> {
  const endpoint = process.env['TEST_CEPH_ENDPOINT']
  const accessKeyId = process.env['TEST_CEPH_ACCESS_KEY_ID']
  const secretAccessKey = process.env['TEST_CEPH_SECRET_ACCESS_KEY']
  if (endpoint && accessKeyId && secretAccessKey) {
    return {
      endpoint,
      region: process.env['TEST_CEPH_REGION'] ?? 'default',
      accessKeyId,
      secretAccessKey,
      bucket: process.env['TEST_CEPH_BUCKET'] ?? 'backstream-test',
      prefix: uniqueName('test'),
      [Symbol.asyncDispose]: async () => {},
    }
  }
  if (process.env['CI'] === 'true') {
    throw new Error(
      'no Ceph gateway: TEST_CEPH_ENDPOINT is not set (tools/ceph-gateway.sh starts one)',
    )
  }
  return null
}
