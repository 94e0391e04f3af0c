/** The sink in a process of its own: prints one JSON line, like the embedded S3 server. */
import { once } from 'node:events'
import { startSink } from './start-sink.ts'

await using sink = await startSink({ tap: process.argv[2] })
console.log(
  JSON.stringify({
    endpoint: sink.endpoint,
    region: 'us-east-1',
    accessKeyId: 'sink',
    secretAccessKey: 'sink-secret-key',
  }),
)
await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')])
