/**
 * The sink in a process of its own: prints one JSON line, like the embedded S3 server.
 *
 *   main.ts [--tap LINE] [--tls KEY_FILE CERTIFICATE_FILE]
 */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { startSink } from './start-sink.ts'

const { values, positionals } = parseArgs({
  options: { tap: { type: 'string' }, tls: { type: 'boolean', default: false } },
  allowPositionals: true,
})
const [key = '', cert = ''] = values.tls
  ? positionals.map((file) => readFileSync(file, 'utf8'))
  : []
await using sink = await startSink({
  tap: values.tap,
  tls: values.tls ? { key, cert } : undefined,
})
console.log(
  JSON.stringify({
    endpoint: sink.endpoint,
    tlsEndpoint: sink.tlsEndpoint,
    region: 'us-east-1',
    accessKeyId: 'sink',
    secretAccessKey: 'sink-secret-key',
  }),
)
await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')])
