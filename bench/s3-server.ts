import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startProcess, temporaryDirectory } from '@backstream/testkit'

export const serverNames = ['sink', 'embedded'] as const
export type ServerName = (typeof serverNames)[number]

export interface BenchServer extends AsyncDisposable {
  readonly endpoint: string
  readonly region: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

export const bucket = 'bench'

/** An empty server in a process of its own, gone with all it holds when it is disposed of. */
export async function startBenchServer(name: ServerName): Promise<BenchServer> {
  await using setUp = new AsyncDisposableStack()
  const { path } = setUp.use(await temporaryDirectory('bench-s3'))
  const args = {
    sink: [program('./sink/main.ts')],
    embedded: [
      program('../packages/s3-embedded/src/main.ts'),
      ...['--port', '0', '--dir', join(path, 'data'), '--bucket', bucket],
    ],
  }[name]
  const server = setUp.use(startProcess({ command: process.execPath, args }))
  const [line] = await server.waitForOutput(/^\{.*\}$/m)
  const kept = setUp.move()
  return { ...JSON.parse(line), [Symbol.asyncDispose]: () => kept.disposeAsync() }
}

function program(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url))
}
