import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { temporaryDirectory } from '@backstream/testkit'

export interface CephGateway extends AsyncDisposable {
  /** TEST_CEPH_ENDPOINT and what goes with it. */
  readonly env: Readonly<Record<string, string>>
}

const run = promisify(execFile)
const script = new URL('ceph-gateway.sh', import.meta.url).pathname

/** Starts a Ceph gateway of our own; installs its Debian packages first when they are missing. */
export async function openCephGateway(): Promise<CephGateway> {
  await using setUp = new AsyncDisposableStack()
  const folder = setUp.use(await temporaryDirectory('ceph'))
  setUp.defer(async () => void (await run('sh', [script, 'stop', folder.path])))
  const { stdout } = await run('sh', [script, 'start', folder.path])
  const variables = [...stdout.matchAll(/^export (TEST_CEPH_\w+)=(\S+)$/gm)]
  const started = setUp.move()
  return {
    env: Object.fromEntries(variables.map(([, name, value]) => [name, value])),
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  }
}
