/** Takes the only place of `pg` and keeps it. Arguments: URL of Redis, installation. */
import { silentLogger } from '@backstream/kernel'
import { acquireLimits } from '@backstream/queue'
import { openQueue } from './queue-fixture.ts'

const [, , url = '', installation = ''] = process.argv
const connection = await openQueue(url, installation)
const request = { owner: 'run-1', sizes: { pg: 1 }, ttlMs: 1_500, logger: silentLogger }
await acquireLimits(connection, request)
process.stdout.write('held\n')
