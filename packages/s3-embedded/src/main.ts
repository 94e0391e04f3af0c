import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { describeError } from '@backstream/kernel'
import { startS3Server } from './start-s3-server.ts'

const usage =
  'Usage: npm run s3 -- [--port N] [--dir DIR] [--bucket NAME]… [--access-key-id ID] [--secret-access-key KEY] [--region REGION]'

/** Serves until SIGTERM or SIGINT. Without --dir everything is gone afterwards. */
async function main(): Promise<void> {
  const options = readOptions()
  const stopped = untilStopped()
  const dir = options.dir ?? (await mkdtemp(join(tmpdir(), 'backstream-s3-')))
  try {
    await using server = await startS3Server({
      dir,
      port: options.port,
      accessKeyId: options.accessKeyId,
      secretAccessKey: options.secretAccessKey,
      region: options.region,
      buckets: options.buckets,
      onInternalError: (error) => console.error(describeError(error)),
    })
    const { endpoint, region, accessKeyId, secretAccessKey } = server
    console.log(JSON.stringify({ endpoint, region, accessKeyId, secretAccessKey }))
    await stopped
  } finally {
    if (options.dir === undefined) await rm(dir, { recursive: true, force: true })
  }
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      port: { type: 'string' },
      dir: { type: 'string' },
      bucket: { type: 'string', multiple: true },
      region: { type: 'string' },
      'access-key-id': { type: 'string' },
      'secret-access-key': { type: 'string' },
    },
  })
  const port = values.port === undefined ? undefined : Number(values.port)
  if (port !== undefined && !(Number.isInteger(port) && port >= 0 && port < 65_536)) {
    throw new TypeError(`--port ${values.port} is not a port`)
  }
  return {
    port,
    dir: values.dir,
    buckets: values.bucket,
    region: values.region,
    accessKeyId: values['access-key-id'],
    secretAccessKey: values['secret-access-key'],
  }
}

async function untilStopped(): Promise<void> {
  await new Promise<void>((resolve) => {
    process.once('SIGTERM', () => resolve())
    process.once('SIGINT', () => resolve())
  })
}

try {
  await main()
} catch (error) {
  console.error(describeError(error))
  if (error instanceof TypeError) console.error(usage)
  process.exitCode = error instanceof TypeError ? 2 : 1
}
