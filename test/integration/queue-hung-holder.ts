/** Takes the lease of `media` for a second and hangs. Arguments: URL of Redis, installation. */
import { silentLogger } from '@backstream/kernel'
import { acquireLease } from '@backstream/queue'
import { openQueue } from './queue-fixture.ts'

const [, , url = '', installation = ''] = process.argv
const connection = await openQueue(url, installation)
const request = { plan: 'media', owner: 'run-1', ttlMs: 1_500, logger: silentLogger }
await acquireLease(connection, request)
process.stdout.write('stands still\n', () => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
})
