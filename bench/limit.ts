import { rmSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { measureCommand } from './measure-command.ts'
import type { CaseOptions } from './run-case.ts'
import { startBenchServer } from './s3-server.ts'

export interface StageFigures {
  readonly wallSeconds: number
  readonly cpuSeconds: number
}

export interface Limit {
  readonly read: StageFigures
  readonly compress: StageFigures
  readonly upload: StageFigures
  /** No run can take less: its slowest stage alone, or all their CPU time spread over the cores. */
  readonly wallSeconds: number
}

const program = fileURLToPath(new URL('./stage.ts', import.meta.url))

/** Runs our stages alone over a workload, into the sink, with what goes between them in memory. */
export async function measureLimit(options: CaseOptions): Promise<Limit> {
  const { workload, programs, memory, signal } = options
  const [tar, packed] = [`${memory}/limit.tar`, `${memory}/limit.zst`]
  const run = async (...args: readonly string[]): Promise<StageFigures> => {
    const script = 'exec "$@"'
    const command = { script, args: [process.execPath, program, ...args], env: process.env }
    return JSON.parse((await measureCommand(command, signal)).stdout)
  }
  try {
    const read = await run('read', workload.path)
    await measureCommand(
      {
        script: '"$1" -C "$2" -cf "$3" .',
        args: [programs.paths.tar, workload.path, tar],
        env: {},
      },
      signal,
    )
    const compress = await run('compress', tar)
    rmSync(tar)
    await run('pack', workload.path, packed)
    await using server = await startBenchServer('sink')
    const { endpoint, accessKeyId, secretAccessKey, bucket } = server
    const upload = await run('upload', packed, endpoint, accessKeyId, secretAccessKey, bucket)
    return { read, compress, upload, wallSeconds: limitOf([read, compress, upload]) }
  } finally {
    rmSync(tar, { force: true })
    rmSync(packed, { force: true })
  }
}

function limitOf(stages: readonly StageFigures[]): number {
  const slowest = Math.max(...stages.map(({ wallSeconds }) => wallSeconds))
  const all = stages.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0)
  return Math.max(slowest, all / availableParallelism())
}
