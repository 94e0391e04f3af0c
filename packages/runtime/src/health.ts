/**
 * Liveness between two processes of one machine or container: `backstream health ROLE` asks, the
 * running process answers from its event loop. No answer in time means that the loop stands still.
 *
 * Each process listens on a Unix socket of its own, named after role, PID namespace and pid, and the
 * one who asks finds all of them: several workers on one machine need no names to be told apart, and
 * containers that share a network do not answer for each other. On Linux the sockets are abstract:
 * they need no writable folder, and vanish with their process. Elsewhere they are files in the
 * temporary folder. Anyone on the machine may ask; the answer holds nothing but pid and lag.
 */
import { readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describeError } from '@backstream/kernel'
import type { EventLoopWatch } from './event-loop.ts'

export type Role = 'scheduler' | 'worker' | 'board'

export interface HealthReport {
  /** At least one process of the role runs here, and each of them answered. */
  readonly alive: boolean
  readonly processes: readonly ProcessHealth[]
}

export interface ProcessHealth {
  readonly pid: number
  readonly alive: boolean
  /** In words. */
  readonly detail: string
}

export interface StartHealthEndpointOptions {
  readonly role: Role
  readonly eventLoop?: EventLoopWatch
}

export async function startHealthEndpoint(
  options: StartHealthEndpointOptions,
): Promise<AsyncDisposable> {
  const path = socketPath(options.role, process.pid)
  if (!isAbstract) rmSync(path, { force: true })
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    // One who asks and goes away without reading is no problem of this process.
    socket.on('error', () => socket.destroy())
    socket.end(JSON.stringify({ pid: process.pid, lag: options.eventLoop?.lag() ?? null }))
  })
  server.unref()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, resolve)
  })
  return {
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

/** Never rejects: whatever goes wrong is a process that is not alive. */
export async function probeHealth(
  role: Role,
  options: { readonly timeoutMs?: number } = {},
): Promise<HealthReport> {
  const pids = listeningPids(role)
  const answers = await Promise.all(pids.map((pid) => ask(role, pid, options.timeoutMs ?? 5000)))
  const processes = answers.filter((answer) => answer !== null)
  return { alive: processes.length > 0 && processes.every(({ alive }) => alive), processes }
}

const isAbstract = process.platform === 'linux'

function socketPath(role: Role, pid: number): string {
  return isAbstract
    ? `\0${socketName(role)}${pid}`
    : join(tmpdir(), `${socketName(role)}${pid}.sock`)
}

function socketName(role: Role): string {
  return `backstream-${role}-${isAbstract ? pidNamespace() : ''}`
}

/** Two containers of one pod share their network, and with it abstract sockets, but not their pids. */
function pidNamespace(): string {
  try {
    return `${/\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0'}-`
  } catch {
    // Without /proc there is nothing to tell containers apart by; both sides agree on that.
    return '0-'
  }
}

function listeningPids(role: Role): number[] {
  const names = isAbstract ? abstractSockets() : readdirSync(tmpdir())
  const start = socketName(role)
  const pids = names
    .filter((name) => name.startsWith(start))
    .map((name) => Number(name.slice(start.length).replace(/\.sock$/, '')))
    .filter((pid) => Number.isInteger(pid) && pid > 0)
  return [...new Set(pids)]
}

function abstractSockets(): string[] {
  const lines = readFileSync('/proc/net/unix', 'latin1').split('\n')
  return lines.flatMap((line) => / @(\S+?)@*$/.exec(line)?.[1] ?? [])
}

/** Null when the socket is a file left behind by a process that is gone. */
async function ask(role: Role, pid: number, timeoutMs: number): Promise<ProcessHealth | null> {
  const socket = connect(socketPath(role, pid))
  const timer = setTimeout(
    () => socket.destroy(new Error(`event loop did not answer within ${timeoutMs} ms`)),
    timeoutMs,
  )
  try {
    const answer: { lag: { p99Ms: number } | null } = JSON.parse(await text(socket))
    const lag = answer.lag ? `, lag p99 ${answer.lag.p99Ms.toFixed(1)} ms` : ''
    return { pid, alive: true, detail: `event loop alive${lag}` }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ECONNREFUSED') return null
    return { pid, alive: false, detail: describeError(error) }
  } finally {
    clearTimeout(timer)
    socket.destroy()
  }
}
