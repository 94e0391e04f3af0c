import { fileURLToPath } from 'node:url'
import { makeTlsIdentity, startProcess } from '@backstream/testkit'
import { openCephGateway } from '../tools/open-ceph-gateway.ts'

export const serverTexts = {
  sink: 'a server that discards what it gets',
  'sink-tls': 'the same over TLS',
  ceph: 'a Ceph gateway on the same cores',
} as const
export type ServerName = keyof typeof serverTexts

export interface BenchServer extends AsyncDisposable {
  readonly endpoint: string
  /** The authority to trust, PEM; null without TLS. */
  readonly caFile: string | null
  /** Tells how many requests it got; null where it counts none. */
  readonly countUrl: string | null
  readonly region: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly bucket: string
  /** CRC-32s of whole objects are kept, as on AWS. */
  readonly keepsChecksums: boolean
}

/** A server in processes of its own, gone with all it holds when it is disposed of. */
export async function startBenchServer(name: ServerName): Promise<BenchServer> {
  return name === 'ceph' ? await startCeph() : await startSinkProcess(name === 'sink-tls')
}

async function startSinkProcess(hasTls: boolean): Promise<BenchServer> {
  const program = fileURLToPath(new URL('./sink/main.ts', import.meta.url))
  await using setUp = new AsyncDisposableStack()
  const identity = hasTls ? setUp.use(await makeTlsIdentity()) : null
  const tls = identity ? ['--tls', identity.keyFile, identity.certificateFile] : []
  const server = setUp.use(startProcess({ command: process.execPath, args: [program, ...tls] }))
  const [line] = await server.waitForOutput(/^\{.*\}$/m)
  const { endpoint, tlsEndpoint, ...known } = JSON.parse(line)
  const kept = setUp.move()
  return {
    ...known,
    endpoint: tlsEndpoint ?? endpoint,
    caFile: identity?.certificateFile ?? null,
    countUrl: `${endpoint}/?requests`,
    bucket: 'bench',
    keepsChecksums: true,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

async function startCeph(): Promise<BenchServer> {
  const { env, ...gateway } = await openCephGateway()
  return {
    endpoint: env['TEST_CEPH_ENDPOINT'] ?? '',
    caFile: null,
    countUrl: null,
    region: env['TEST_CEPH_REGION'] ?? '',
    accessKeyId: env['TEST_CEPH_ACCESS_KEY_ID'] ?? '',
    secretAccessKey: env['TEST_CEPH_SECRET_ACCESS_KEY'] ?? '',
    bucket: env['TEST_CEPH_BUCKET'] ?? '',
    keepsChecksums: false,
    [Symbol.asyncDispose]: () => gateway[Symbol.asyncDispose](),
  }
}
