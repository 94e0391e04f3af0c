import type { CommandSourceConfig, KubernetesViaConfig, ViaConfig } from '@backstream/config'
import { silentLogger } from '@backstream/kernel'
import { openSource, type Source, type SourceProblem } from '@backstream/sources'
import { temporaryDirectory } from '@backstream/testkit'
import type { StandInPod, StandInWorkload } from '../stand-ins/cluster.ts'
import type { StandInContainer } from '../stand-ins/docker.ts'
import { installStandIns, type StandIns } from '../stand-ins/install.ts'
import { startSshd, type TestSshd } from '../stand-ins/sshd.ts'

/** Stand-ins for kubectl and docker, a real sshd, and sources that are reached through them. */
export interface Elsewhere extends AsyncDisposable {
  readonly folder: string
  readonly standIns: StandIns
  readonly sshd: TestSshd
  commandVia(via: ViaConfig, options?: CommandOptions): Source
}

export interface CommandOptions {
  readonly argv?: readonly string[]
  readonly env?: CommandSourceConfig['env']
  readonly beginMs?: number
  /** PATH of the worker. */
  readonly path?: string
}

export async function openElsewhere(): Promise<Elsewhere> {
  await using resources = new AsyncDisposableStack()
  const { path: folder } = resources.use(await temporaryDirectory('elsewhere'))
  const standIns = await installStandIns(folder)
  const sshd = resources.use(await startSshd(folder, standIns.bin))
  const usualPath = `${standIns.bin}:/usr/bin:/bin`
  const open = resources.move()
  return {
    ...{ folder, standIns, sshd },
    commandVia: (
      via,
      { argv = ['echo', 'data'], env = {}, beginMs = 20_000, path = usualPath } = {},
    ) =>
      openSource(
        {
          ...{ kind: 'command', at: '', via, argv, env, cwd: null, restore: null },
          streamName: 'dump',
          expect: { trailer: null, minSizeBytes: null },
        },
        {
          environment: { PATH: path, HOME: folder, ...standIns.env },
          resolveSecret: (ref) => ('value' in ref ? ref.value : ''),
          limits: { graceMs: 1_000, killMs: 5_000 },
          beginMs,
        },
      ),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  }
}

export const container: StandInContainer = {
  id: 'ab'.repeat(32),
  name: 'shop-db-1',
  labels: {
    'com.docker.compose.project': 'shop',
    'com.docker.compose.service': 'db',
    'com.docker.compose.oneoff': 'False',
  },
}
export const pod: StandInPod = { name: 'db-0', labels: { app: 'db' }, containers: ['mongo'] }
export const workloads: readonly StandInWorkload[] = [
  { kind: 'Deployment', name: 'db', labels: { app: 'db' } },
]

export function inPod(
  target: Partial<KubernetesViaConfig> = { workload: 'deployment/db' },
): ViaConfig {
  return {
    way: 'kubernetes',
    context: null,
    namespace: null,
    workload: null,
    selector: null,
    pod: null,
    container: null,
    waitForMs: 0,
    pickAny: false,
    ...target,
  }
}

export const inContainer: ViaConfig = { way: 'docker', container: 'shop-db-1', pickAny: false }
export const inService: ViaConfig = {
  way: 'compose',
  project: 'shop',
  service: 'db',
  pickAny: false,
}
export const onHost: ViaConfig = { way: 'ssh', host: 'web-01' }

/** The whole tar of a source, its summary asked as a backup does. */
export async function read(
  source: Source,
  signal: AbortSignal = new AbortController().signal,
): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  const reading = source.read({ signal, logger: silentLogger })
  for await (const { bytes } of reading.segments) chunks.push(bytes)
  reading.summary()
  return Buffer.concat(chunks)
}

export async function problemsOf(source: Source): Promise<readonly SourceProblem[]> {
  return await source.preflight({ signal: new AbortController().signal, logger: silentLogger })
}
