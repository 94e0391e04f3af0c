import { flushCompileCache, getCompileCacheDir } from 'node:module'
import { dirname } from 'node:path'

/**
 * Compiles what a thread is to run in this one, and writes it where the thread looks. Else each first
 * thread after an installation loads the TypeScript compiler once more, with 24 MiB for it.
 */
export async function compileThreadCode(load: () => Promise<unknown>): Promise<void> {
  if (getCompileCacheDir() === undefined) return
  await load()
  flushCompileCache()
}

/** A thread looks for compiled code only where its environment says; ours need nothing else of it. */
export function threadEnvironment(): NodeJS.Dict<string> {
  const compiled = getCompileCacheDir()
  return compiled === undefined ? {} : { NODE_COMPILE_CACHE: dirname(compiled) }
}
