/**
 * Makes the package that `npm install` takes: `npm run pack [-- --to DIR]` prints the tarball's path.
 * With `--stage DIR` it is left below DIR/node_modules, as if it had been installed there, and the path of
 * its command is printed.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { stagePackage } from './stage-package.ts'

const { values } = parseArgs({
  options: { to: { type: 'string', default: '.' }, stage: { type: 'string' } },
})
console.log(
  values.stage === undefined
    ? await pack(resolve(values.to))
    : await stagePackage(resolve(values.stage)),
)

async function pack(into: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'backstream-pack-'))
  try {
    const command = await stagePackage(folder)
    mkdirSync(into, { recursive: true })
    const options = { cwd: dirname(dirname(command)), encoding: 'utf8' } as const
    const packed = execFileSync('npm', ['pack', '--json', '--pack-destination', into], options)
    return join(into, filenameIn(packed))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** npm 11 prints a list, later ones an object by name. */
function filenameIn(printed: string): string {
  const [{ filename }] = Object.values<{ filename: string }>(JSON.parse(printed)) as [
    { filename: string },
  ]
  return filename
}
