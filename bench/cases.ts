import type { ContenderName } from './contenders.ts'
import type { ServerName } from './s3-server.ts'
import type { WorkloadName } from './workload.ts'

/** What Backstream is measured against in one case, and what was aimed at. */
export interface Rival {
  readonly name: ContenderName
  /** Only in the first so many rounds, for those that take minutes. */
  readonly rounds?: number
  /** Ours over theirs, at most. */
  readonly target?: { readonly wall: number; readonly cpu?: number }
}

export interface Case {
  readonly workload: WorkloadName
  readonly task: 'backup' | 'restore'
  readonly server: ServerName
  readonly rivals: readonly Rival[]
  readonly rounds: number
  /** The part of the limit of its own stages that a run is to reach. */
  readonly limit?: number
}

const aws: Rival = { name: 'zstd-aws', target: { wall: 0.8, cpu: 0.95 } }
const rclone: Rival = { name: 'zstd-rclone', target: { wall: 0.8, cpu: 0.9 } }
const restic: Rival = { name: 'restic', target: { wall: 0.4, cpu: 0.45 } }
const gzip: Rival = { name: 'gzip-aws', rounds: 1 }
const python: Rival = { name: 'python-aws', rounds: 1 }

/** The page: every workload, the servers that tell something about it, every rival that fits. */
export const cases: readonly Case[] = [
  {
    ...{ workload: 'small', task: 'backup', server: 'sink', rounds: 3, limit: 0.85 },
    rivals: [aws, rclone, gzip],
  },
  {
    ...{ workload: 'large', task: 'backup', server: 'sink', rounds: 3, limit: 0.85 },
    rivals: [aws, rclone],
  },
  {
    ...{ workload: 'incompressible', task: 'backup', server: 'sink', rounds: 3, limit: 0.9 },
    rivals: [{ name: 'zstd-aws' }],
  },
  {
    ...{ workload: 'incompressible', task: 'backup', server: 'sink-tls', rounds: 2 },
    rivals: [{ name: 'zstd-aws' }],
  },
  {
    ...{ workload: 'stream', task: 'backup', server: 'sink', rounds: 2 },
    rivals: [{ name: 'zstd-aws' }],
  },
  {
    ...{ workload: 'small', task: 'backup', server: 'ceph', rounds: 3 },
    rivals: [restic, { ...python, target: { wall: 0.065 } }],
  },
  {
    ...{ workload: 'large', task: 'backup', server: 'ceph', rounds: 1 },
    rivals: [restic],
  },
  {
    ...{ workload: 'small', task: 'restore', server: 'ceph', rounds: 3 },
    rivals: [{ name: 'aws-zstd', target: { wall: 0.8, cpu: 0.95 } }],
  },
  {
    ...{ workload: 'large', task: 'restore', server: 'ceph', rounds: 3 },
    rivals: [{ name: 'aws-zstd', target: { wall: 0.8, cpu: 0.95 } }],
  },
]
