/**
 * The package `backstream` as `npm install` leaves it: the command in one bundle (bundle-program.ts), and beside
 * it the files that are read at run time. It needs no other package.
 */
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundleProgram } from './bundle-program.ts'
import { renderNotices } from './third-party-notices.ts'

const root = fileURLToPath(new URL('../', import.meta.url))
/** The pages of Bull Board, which looks for them as for any package: what is inside is sent to browsers as it is. */
const pages = '@bull-board/ui'
const documents = ['LICENSE', 'README.md', 'CHANGELOG.md', 'backstream.schema.json']
const notices = 'THIRD-PARTY-NOTICES'

/** Into `folder`/node_modules/backstream, anew; resolves with the path of its command. */
export async function stagePackage(folder: string): Promise<string> {
  const target = join(folder, 'node_modules', 'backstream')
  rmSync(target, { recursive: true, force: true })
  const files = await bundleProgram(root, join(target, 'program'))
  const command = writeCommand(target)
  for (const file of documents) cpSync(join(root, file), join(target, file))
  cpSync(join(root, 'apps/board/assets'), join(target, 'assets'), { recursive: true })
  copyPages(join(target, 'node_modules', pages))
  writeFileSync(
    join(target, notices),
    renderNotices(root, [...files, `node_modules/${pages}/package.json`]),
  )
  writeFileSync(join(target, 'package.json'), JSON.stringify(manifest(), null, 2))
  checkPaths(join(target, 'program'))
  mkdirSync(join(target, 'man'))
  writeFileSync(join(target, 'man', 'backstream.1'), renderManPage(command))
  return command
}

function writeCommand(target: string): string {
  const [from, to] = ['../src/main.ts', '../program/main.js']
  const text = readFileSync(join(root, 'apps/cli/bin/backstream.js'), 'utf8')
  if (!text.includes(from)) throw new Error(`bin/backstream.js does not name ${from} any more`)
  const command = join(target, 'bin', 'backstream.js')
  mkdirSync(join(target, 'bin'))
  writeFileSync(command, text.replace(from, to))
  chmodSync(command, 0o755)
  return command
}

/** Without its dependencies: they are in the bundle, and npm would fetch them once more. */
function copyPages(target: string): void {
  const from = join(root, 'node_modules', pages)
  cpSync(join(from, 'dist'), join(target, 'dist'), { recursive: true })
  const { name, version, license } = readJson(join(from, 'package.json'))
  writeFileSync(join(target, 'package.json'), JSON.stringify({ name, version, license }, null, 2))
}

function manifest(): object {
  const { name, version, description, license } = readJson(join(root, 'package.json'))
  return {
    ...{ name, version, description, license },
    type: 'module',
    engines: { node: '>=24' },
    bin: { backstream: 'bin/backstream.js' },
    man: ['man/backstream.1'],
    dependencies: {
      [pages]: readJson(join(root, 'node_modules', pages, 'package.json'))['version'],
    },
    bundleDependencies: [pages],
    files: ['bin', 'program', 'assets', 'man', notices, 'CHANGELOG.md', 'backstream.schema.json'],
  }
}

/** By the command itself, which leaves nothing behind: compiled code is for whoever runs it. */
function renderManPage(command: string): Buffer {
  const env = { ...process.env, NODE_DISABLE_COMPILE_CACHE: '1' }
  return execFileSync(process.execPath, [command, 'man'], { env })
}

/** What is looked for beside the code while it runs must be there. */
function checkPaths(program: string): void {
  for (const file of globSync('*.js', { cwd: program })) {
    const text = readFileSync(join(program, file), 'utf8')
    const named = /new URL\("(\.[^"]*)", import\.meta\.url\)|\$\{import\.meta\.dirname\}\/([^`]*)`/g
    for (const [, byUrl, byFolder] of text.matchAll(named)) {
      const path = byUrl ?? byFolder ?? ''
      if (!existsSync(join(program, path)))
        throw new Error(`${file} looks for ${path} beside it, and the package has no such file`)
    }
  }
}

function readJson(path: string): Record<string, string> {
  return JSON.parse(readFileSync(path, 'utf8'))
}
