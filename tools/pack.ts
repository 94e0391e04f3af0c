/**
 * Makes the package that `npm install` takes: `npm run pack [-- --to DIR]` prints the tarball's path.
 *
 * In the repository Node runs TypeScript as it is. Below `node_modules` it does not
 * (https://github.com/nodejs/node/issues/61793), so here types are blanked out by Node's own stripper, which
 * keeps every line and column, and `.ts` becomes `.js` in names and in what refers to them. The packages of
 * this workspace go along inside (`bundleDependencies`); everything else is a dependency of that very version.
 */
import { execFileSync } from 'node:child_process'
import {
  cpSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

interface PackageFile {
  readonly name: string
  readonly version: string
  readonly exports?: Readonly<Record<string, string>>
  readonly dependencies?: Readonly<Record<string, string>>
}

const root = fileURLToPath(new URL('../', import.meta.url))
const readJson = (path: string) => JSON.parse(readFileSync(path, 'utf8'))
const { values } = parseArgs({ options: { to: { type: 'string', default: '.' } } })

const stage = mkdtempSync(join(tmpdir(), 'backstream-pack-'))
try {
  console.log(pack(stage, resolve(values.to)))
} finally {
  rmSync(stage, { recursive: true, force: true })
}

function pack(target: string, into: string): string {
  const members = membersOf('@backstream/cli')
  for (const [name, folder] of members) {
    copy(folder, name === '@backstream/cli' ? target : join(target, 'node_modules', name))
  }
  writeFileSync(join(target, 'package.json'), JSON.stringify(manifestOf(members), null, 2))
  for (const file of ['LICENSE', 'README.md', 'CHANGELOG.md', 'backstream.schema.json']) {
    cpSync(join(root, file), join(target, file))
  }
  mkdirSync(join(target, 'man'))
  const page = execFileSync(process.execPath, [join(root, 'apps/cli/bin/backstream.js'), 'man'])
  writeFileSync(join(target, 'man', 'backstream.1'), page)
  mkdirSync(into, { recursive: true })
  const options = { cwd: target, encoding: 'utf8' } as const
  const packed = execFileSync('npm', ['pack', '--json', '--pack-destination', into], options)
  return join(into, filenameIn(packed))
}

/** npm 11 prints a list, later ones an object by name. */
function filenameIn(printed: string): string {
  const [{ filename }] = Object.values<{ filename: string }>(JSON.parse(printed)) as [
    { filename: string },
  ]
  return filename
}

/** A package of this workspace and all that it depends on there, with their folders. */
function membersOf(name: string, found = new Map<string, string>()): Map<string, string> {
  const folder = globSync(`{apps,packages}/${name.replace('@backstream/', '')}`, { cwd: root })[0]
  if (folder === undefined) throw new Error(`${name} is no package of this workspace`)
  found.set(name, join(root, folder))
  const { dependencies = {} }: PackageFile = readJson(join(root, folder, 'package.json'))
  for (const other of Object.keys(dependencies)) {
    if (other.startsWith('@backstream/') && !found.has(other)) membersOf(other, found)
  }
  return found
}

function copy(folder: string, target: string): void {
  const files = globSync(['package.json', '{bin,src,assets}/**/*.*'], { cwd: folder })
  for (const file of files.filter((path) => !path.endsWith('.test.ts'))) {
    const to = join(target, asScript(file))
    mkdirSync(dirname(to), { recursive: true })
    if (/\.(ts|js)$|package\.json$/.test(file)) writeFileSync(to, scriptOf(join(folder, file)))
    else cpSync(join(folder, file), to)
  }
}

function asScript(path: string): string {
  return path.replace(/\.ts$/, '.js')
}

/** Without types, and with every relative `.ts` in a string called `.js`. */
function scriptOf(path: string): string {
  const text = readFileSync(path, 'utf8')
  const script = path.endsWith('.ts') ? stripTypeScriptTypes(text, { mode: 'strip' }) : text
  return script.replaceAll(/(["'`])(\.{1,2}\/[^"'`\n]*)\.ts\1/g, '$1$2.js$1')
}

function manifestOf(members: ReadonlyMap<string, string>): object {
  const own = readJson(join(root, 'package.json'))
  const all = [...members.values()].map(
    (folder): PackageFile => readJson(join(folder, 'package.json')),
  )
  const outside = all
    .flatMap(({ dependencies = {} }) => Object.entries(dependencies))
    .filter(([name]) => !members.has(name))
  const versions = Object.groupBy(outside, ([name]) => name)
  for (const [name, wanted = []] of Object.entries(versions)) {
    if (new Set(wanted.map(([, version]) => version)).size === 1) continue
    throw new Error(`${name} is wanted in several versions: make them one`)
  }
  const inside = all.filter(({ name }) => name !== '@backstream/cli')
  return {
    name: own.name,
    version: own.version,
    description: own.description,
    license: own.license,
    type: 'module',
    engines: { node: '>=24' },
    bin: { backstream: 'bin/backstream.js' },
    man: ['man/backstream.1'],
    dependencies: {
      ...Object.fromEntries(outside.toSorted()),
      ...Object.fromEntries(inside.map(({ name, version }) => [name, version])),
    },
    bundleDependencies: inside.map(({ name }) => name),
    files: ['bin', 'src', 'man', 'CHANGELOG.md', 'backstream.schema.json'],
  }
}
