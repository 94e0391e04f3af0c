#!/usr/bin/env node
// Plain JavaScript that an older Node can read: the program itself, TypeScript as it is or a bundle of it
// in the package, is for Node 24. Under an older one this starts the Node 24 that is installed beside the
// project with this very file, and stands in for it: the same standard streams, signals passed on, the
// same end.
//
// Four things must be said before the program is loaded. Young objects keep the few MiB they begin
// with: what a backup needs lies outside of the heap. No code is compiled beside the main thread by the
// quick compiler: at its end Node waits for those threads, and one of them may wait for a collection
// that the main thread never makes again (https://github.com/nodejs/node/issues/54918). A worker calls the
// collector after each run; said later, it would make all compiled code out of date. And where
// compiled code is kept, so that the next start need not read TypeScript again; where nothing can be
// written, what is there is used, and nothing is kept.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import module, { createRequire } from 'node:module'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { setFlagsFromString } from 'node:v8'

const neededMajor = 24
const flags = ['--semi-space-growth-factor=1', '--no-concurrent-sparkplug', '--expose-gc']
const program = fileURLToPath(new URL('../src/main.ts', import.meta.url))
const compiled = fileURLToPath(new URL('../../../node_modules/.cache/backstream', import.meta.url))

if (Number(process.versions.node.split('.')[0]) >= neededMajor) {
  for (const flag of flags) setFlagsFromString(flag)
  module.enableCompileCache?.(compiled)
  await import(program)
} else {
  const node = findNode()
  const args = [fileURLToPath(import.meta.url), ...process.argv.slice(2)]
  if (node) standInFor(spawn(node, args, { stdio: 'inherit' }))
  else complain()
}

function findNode() {
  try {
    const manifest = createRequire(import.meta.url).resolve('node/package.json')
    const file = join(dirname(manifest), 'bin', 'node')
    return existsSync(file) ? file : undefined
  } catch {
    // Not installed: the complaint says what to do.
    return undefined
  }
}

function standInFor(child) {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGQUIT']) {
    process.on(signal, () => child.kill(signal))
  }
  child.on('error', (error) => {
    console.error(`error: ${child.spawnfile} cannot be started: ${error.message}`)
    process.exit(1)
  })
  child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]))
}

function complain() {
  console.error(
    `error: backstream needs Node ${neededMajor} or newer; this is ${process.version}\n` +
      'Run `npm ci` in the project, which brings one, or install Node 24.',
  )
  process.exitCode = 2
}
