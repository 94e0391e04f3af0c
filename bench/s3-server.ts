import { fileURLToPath } from 'node:url'
import { startProcess } from '@backstream/testkit'
import { openCephGateway } from '../tools/open-ceph-gateway.ts'

export const serverTexts = {
  sink: 'a server that discards what it gets',
  ceph: 'a Ceph gateway on the same cores',
} as const
export type ServerName = keyof typeof serverTexts

export interface BenchServer extends AsyncDisposable {
  readonly endpoint: string
  readonly region: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly bucket: string
  /** CRC-32s of whole objects are kept, as on AWS. */
  readonly keepsChecksums: boolean
}

/** A server in processes of its own, gone with all it holds when it is disposed of. */
export async function startBenchServer(name: ServerName): Promise<BenchServer> {
  return name === 'sink' ? await startSinkProcess() : await startCeph()
}

async function startSinkProcess(): Promise<BenchServer> {
  const program = fileURLToPath(new URL('./sink/main.ts', import.meta.url))
  await using setUp = new AsyncDisposableStack()
  const server = setUp.use(startProcess({ command: process.execPath, args: [program] }))
  const [line] = await server.waitForOutput(/^\{.*\}$/m)
  const kept = setUp.move()
  return {
    ...JSON.parse(line),
    bucket: 'bench',
    keepsChecksums: true,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

async function startCeph(): Promise<BenchServer> {
  const { env, ...gateway } = await openCephGateway()
  return {
    endpoint: env['TEST_CEPH_ENDPOINT'] ?? '',
    region: env['TEST_CEPH_REGION'] ?? '',
    accessKeyId: env['TEST_CEPH_ACCESS_KEY_ID'] ?? '',
    secretAccessKey: env['TEST_CEPH_SECRET_ACCESS_KEY'] ?? '',
    bucket: env['TEST_CEPH_BUCKET'] ?? '',
    keepsChecksums: false,
    [Symbol.asyncDispose]: () => gateway[Symbol.asyncDispose](),
  }
}
