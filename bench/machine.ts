import { availableParallelism, cpus, totalmem, type } from 'node:os'
import type { Programs } from './programs.ts'

/** What a reader needs to place the figures; nothing that names the machine. */
export interface Machine {
  readonly cores: number
  readonly cpu: string
  readonly memoryBytes: number
  readonly system: string
  readonly node: string
  readonly versions: Programs['versions']
}

export function describeMachine({ versions }: Programs): Machine {
  return {
    cores: availableParallelism(),
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    memoryBytes: totalmem(),
    system: `${type()} ${process.arch}`,
    node: process.versions.node,
    versions,
  }
}
