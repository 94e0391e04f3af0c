/** Facts about the codebase that are stated twice, or that no other tool looks after. */
import { deepEqual, ok } from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'

const root = new URL('../../', import.meta.url)
const read = (path: string) => readFileSync(new URL(path, root), 'utf8')
const readJson = (path: string) => JSON.parse(read(path))
const foldersIn = (path: string) =>
  readdirSync(new URL(path, root)).filter((name) =>
    existsSync(new URL(`${path}${name}/package.json`, root)),
  )

const apps = foldersIn('apps/')
const packages = foldersIn('packages/')
const development = ['s3-embedded', 'testkit']
/** Concrete backends, which only apps may name though their layer is lower (house rule). */
const namedByAppsOnly = ['storage-s3', 'queue', 'notify']
const layers = layersOf(read('docs/architecture.md'))

test('docs/architecture.md names every app and package, and no others', () => {
  deepEqual([...layers.keys()].toSorted(), [...apps, ...packages].toSorted())
})

for (const folder of [
  ...apps.map((name) => `apps/${name}`),
  ...packages.map((name) => `packages/${name}`),
]) {
  const name = folder.replace(/^\w+\//, '')

  test(`${folder} has a README of at most 40 lines`, () => {
    const lines = read(`${folder}/README.md`).trimEnd().split('\n')
    ok(lines.length > 2 && lines.length <= 40, `${lines.length} lines`)
  })

  test(`${folder} is named after its folder and exports named entries only`, () => {
    const manifest = readJson(`${folder}/package.json`)
    deepEqual(manifest.name, `@backstream/${name}`)
    const entries = Object.keys(manifest.exports ?? {})
    deepEqual(
      entries.filter((entry) => entry.includes('*')),
      [],
    )
  })

  test(`${folder} depends on lower layers only`, () => {
    const { dependencies = {} } = readJson(`${folder}/package.json`)
    const own = Object.keys(dependencies).filter((one) => one.startsWith('@backstream/'))
    const allowed = development.includes(name) ? [...packages] : allowedFor(name)
    const wrong = own.filter((one) => !allowed.includes(one.replace('@backstream/', '')))
    deepEqual(wrong, [])
  })

  if (development.includes(name)) continue
  test(`biome.json lets ${folder} import what docs/architecture.md says it may`, () => {
    deepEqual(importsAllowedByBiome(folder)?.toSorted(), allowedFor(name).toSorted())
  })
}

test('no file has a name that says nothing', () => {
  const banned = /(^|\/)(utils?|helpers?|common|lib|misc|interfaces|types|constants)(\.ts|\/|$)/
  deepEqual(
    sourceFiles().filter((path) => banned.test(path)),
    [],
  )
})

test('npm ci works everywhere: the lock file names the optional packages of all platforms', () => {
  const locked: Record<string, { optionalDependencies?: Record<string, string> }> =
    readJson('package-lock.json').packages
  const names = new Set(Object.keys(locked).map((path) => path.replace(/^.*node_modules\//, '')))
  const missing = Object.values(locked)
    .flatMap((entry) => Object.keys(entry.optionalDependencies ?? {}))
    .filter((name) => !names.has(name))
  deepEqual(missing, [])
})

test('CHANGELOG.md lists the keys that this version only checks', () => {
  const [, listed = ''] = /^Keys that are only checked: (.*?)\.$/ms.exec(read('CHANGELOG.md')) ?? []
  const source = read('packages/config/src/not-yet.ts')
  deepEqual(
    [...listed.matchAll(/`([^`]+)`/g)].map(([, key]) => key).toSorted(),
    [...source.matchAll(/path: '([^']+)'/g)].map(([, key]) => key).toSorted(),
  )
})

/** `  kernel/               [0] …` in the tree; a development part has no number. */
function layersOf(architecture: string): ReadonlyMap<string, number> {
  const tree = architecture.split('```')[1] ?? ''
  const found = new Map<string, number>()
  let inherited = Number.NaN
  for (const line of tree.split('\n')) {
    const [, indent, name, layer] = /^( *)([\w-]+)\/ +(?:\[(\w+)\])?/.exec(line) ?? []
    if (name === undefined) continue
    if (indent === '') inherited = Number(layer)
    else found.set(name, layer === undefined ? inherited : Number(layer))
  }
  return found
}

function allowedFor(name: string): string[] {
  const own = layers.get(name) ?? Number.NaN
  const lower = [...layers].filter(([, layer]) => layer < own).map(([one]) => one)
  return apps.includes(name)
    ? lower
    : lower.filter((one) => name !== 'backup' || !namedByAppsOnly.includes(one))
}

test('docs/errors.md has each error of a run, and says whether it is tried again', () => {
  const rows = [...read('docs/errors.md').matchAll(/^\| `([a-z-]+)` +\|.*\| (.*?) +\|$/gm)]
  const said = new Map(rows.map(([, code = '', again = '']) => [code, again]))
  const files = [
    'packages/storage/src/errors.ts',
    'packages/queue/src/queue-error.ts',
    'packages/sources/src/source-error.ts',
  ]
  for (const file of files) {
    const codes = [...read(file).matchAll(/^ {2}\| '([a-z-]+)'$/gm)].map(([, code = '']) => code)
    ok(codes.length > 5, file)
    for (const code of codes) ok(said.has(code), `${code} of ${file} is missing`)
  }
  const permanent = /permanentCodes[^[]*\[([^\]]*)\]/.exec(read('packages/storage/src/errors.ts'))
  const codes = [...(permanent?.[1] ?? '').matchAll(/'([a-z-]+)'/g)].map(([, code = '']) => code)
  ok(codes.length > 3)
  for (const code of codes) ok(said.get(code)?.startsWith('no'), `${code} is permanent`)
})

interface Override {
  readonly includes: readonly string[]
  readonly linter: {
    readonly rules: {
      readonly style?: {
        readonly noRestrictedImports?: {
          readonly options?: { readonly patterns: readonly { readonly group: readonly string[] }[] }
        }
      }
    }
  }
}

function importsAllowedByBiome(folder: string): string[] | undefined {
  const overrides: readonly Override[] = readJson('biome.json').overrides
  const override = overrides.find(({ includes }) => includes[0] === `${folder}/src/**`)
  const patterns = override?.linter.rules.style?.noRestrictedImports?.options?.patterns ?? []
  const group = patterns.find((pattern) => pattern.group[0] === '@backstream/**')?.group
  return group?.flatMap((entry) => /^!@backstream\/([\w-]+)$/.exec(entry)?.[1] ?? [])
}

function sourceFiles(): string[] {
  return ['apps', 'packages', 'test', 'tools', 'bench'].flatMap((folder) =>
    readdirSync(new URL(`${folder}/`, root), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts') && !path.includes('node_modules'))
      .map((path) => `${folder}/${path}`),
  )
}
