/**
 * `npm run bench:endless -- [SIZE]`: a command's output that does not shrink, 40 GiB unless said
 * otherwise, under a profile of 1,000 parts, into a sink that gives the joined volumes to
 * `zstd -d | tar -xO | openssl dgst` while they arrive. Nothing of it is ever on a disk.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startPrivateRedis, startProcess, temporaryDirectory } from '@backstream/testkit'
import { stageCommand } from '../stage-command.ts'

const gibibytes = Number(/^(\d+)(?:GiB)?$/.exec(process.argv[2] ?? '40GiB')?.[1])
if (!(gibibytes > 0)) throw new TypeError('Say a whole number of GiB, such as 40GiB.')
const bytes = gibibytes * 2 ** 30
const noise = `openssl enc -aes-256-ctr -pass pass:bench -nosalt -pbkdf2 -in /dev/zero 2>/dev/null | head -c ${bytes}`
/** In native code, three times as fast as `sha256sum`. */
const hash = 'openssl dgst -sha256 -r'

await using setUp = new AsyncDisposableStack()
const folder = setUp.use(await temporaryDirectory('endless')).path
const scratch = join(folder, 'tmp')
mkdirSync(scratch)
const redis = setUp.use(await startPrivateRedis())
const command = await stageCommand(folder)
const sinkProgram = fileURLToPath(new URL('../sink/main.ts', import.meta.url))
const opened = `zstd -dcq | tar -xOf - stream | ${hash}`
const sink = setUp.use(
  startProcess({ command: process.execPath, args: [sinkProgram, '--tap', opened] }),
)
const { endpoint } = JSON.parse((await sink.waitForOutput(/^\{.*\}$/m))[0])

const config = join(folder, 'backstream.yaml')
writeFileSync(config, configuration(endpoint, redis.url))
const probeFile = join(folder, 'probe.json')
const startedAt = performance.now()
const run = setUp.use(
  startProcess({
    command: process.execPath,
    args: [
      ...['--import', command.probe, command.file],
      ...['--config', config, 'run', 'endless', '--here', '--quiet', '--json'],
    ],
    env: { ...process.env, TMPDIR: scratch, BENCH_PROBE_FILE: probeFile },
  }),
)
const watched = watch(run.pid)
const { code } = await run.exited
const seconds = (performance.now() - startedAt) / 1000
const samples = watched.stop()
if (code !== 0) throw new Error(`the run ended with ${code}: ${run.stdout()}${run.stderr()}`)

const found = await (await fetch(`${endpoint}/?tap`)).text()
const expected = await hashOfNoise()
const volumes = await archivesOf(endpoint)
const { lag } = JSON.parse(readFileSync(probeFile, 'utf8'))
const peaks = [0, 1, 2, 3].map((quarter) => peakOf(samples, quarter))
const result = {
  ...{ gibibytes, seconds: Math.round(seconds), volumes },
  peakRssMiBByQuarter: peaks,
  eventLoopLag: lag,
  writtenToDiskBytes: samples.at(-1)?.writtenBytes ?? null,
  temporaryFiles: readdirSync(scratch),
  contentHash: { found, expected: `0 ${expected}`, isSame: found === `0 ${expected}` },
}
console.log(JSON.stringify(result, null, 2))
process.exitCode = result.contentHash.isSame ? 0 : 1

function configuration(endpoint: string, redisUrl: string): string {
  const secret = { accessKeyId: 'sink', secretAccessKey: { file: keyFile() } }
  return JSON.stringify({
    ...{ version: 1, name: 'endless', redis: redisUrl },
    storages: {
      main: {
        ...{ kind: 's3', bucket: 'bench', endpoint, region: 'us-east-1', pathStyle: true },
        ...{ credentials: secret, profile: { maxParts: 1000, checksums: true } },
      },
    },
    plans: {
      endless: {
        ...{ storage: 'main', schedule: { every: '7d' } },
        sources: [{ kind: 'command', at: 'stream', argv: ['/bin/sh', '-c', noise] }],
      },
    },
  })
}

function keyFile(): string {
  const file = join(folder, 'key')
  writeFileSync(file, 'sink-secret-key')
  return file
}

interface Sample {
  readonly rssMiB: number
  readonly writtenBytes: number
}

/** Memory and bytes written to disks of the process itself, every second. */
function watch(pid: number): { stop(): Sample[] } {
  const samples: Sample[] = []
  const timer = setInterval(() => {
    try {
      const rss = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]
      const written = /^write_bytes: (\d+)/m.exec(readFileSync(`/proc/${pid}/io`, 'latin1'))?.[1]
      samples.push({ rssMiB: Math.round(Number(rss) / 1024), writtenBytes: Number(written) })
    } catch {
      // It has just ended.
    }
  }, 1000)
  return {
    stop() {
      clearInterval(timer)
      return samples
    },
  }
}

function peakOf(samples: readonly Sample[], quarter: number): number {
  const size = Math.ceil(samples.length / 4)
  return Math.max(...samples.slice(quarter * size, (quarter + 1) * size).map((one) => one.rssMiB))
}

async function hashOfNoise(): Promise<string> {
  const hashing = startProcess({ command: '/bin/sh', args: ['-c', `${noise} | ${hash}`] })
  await hashing.exited
  return hashing.stdout().trim()
}

async function archivesOf(endpoint: string): Promise<{ key: string; bytes: number }[]> {
  const listing = await (await fetch(`${endpoint}/bench?list-type=2&prefix=endless/`)).text()
  return [...listing.matchAll(/<Key>([^<]*)<\/Key>.*?<Size>(\d+)</g)]
    .map(([, key = '', size]) => ({ key, bytes: Number(size) }))
    .filter(({ key }) => key.includes('/archive.tar'))
}
