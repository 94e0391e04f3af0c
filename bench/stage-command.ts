import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { transform } from 'esbuild'
import { stagePackage } from '../tools/stage-package.ts'

/** The packaged command, which is what people install, and the probe that watches it. */
export interface StagedCommand {
  readonly file: string
  /** What Node is told to import before it (lag-probe.ts). */
  readonly probe: string
}

/**
 * Both without types: to read those, Node would load a compiler into the process that is measured, and into
 * each of its threads.
 */
export async function stageCommand(folder: string): Promise<StagedCommand> {
  const source = readFileSync(new URL('./lag-probe.ts', import.meta.url), 'utf8')
  const probe = join(folder, 'lag-probe.mjs')
  writeFileSync(probe, (await transform(source, { loader: 'ts' })).code)
  return { file: await stagePackage(folder), probe: pathToFileURL(probe).href }
}
