/**
 * The command, and each program that it starts by path, as a folder of JavaScript with all that they import
 * inside. What several of them share, or what is imported when it is needed, is a file of its own (`chunk-…`):
 * a thread loads no more than it needs.
 */
import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { build, type Plugin } from 'esbuild'

/** How the house names a program that is a file of its own: `new URL('./reader.ts', import.meta.url)`. */
const programUrl = /new URL\('(\.{1,2}\/[^']+)\.ts', import\.meta\.url\)/g

/**
 * Writes the programs into `folder`, each under its own name and all beside each other. Resolves with the
 * paths of the files that went into them, from `root` on.
 */
export async function bundleProgram(root: string, folder: string): Promise<readonly string[]> {
  const { metafile, outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: ['apps/cli/src/main.ts', ...programsIn(root)].map((path) => ({
      in: path,
      out: basename(path, '.ts'),
    })),
    outdir: folder,
    plugins: [programsBesideEachOther, httpWithoutWebSockets],
    bundle: true,
    splitting: true,
    metafile: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    // Modules where a package has both: what is not used of them is left out.
    mainFields: ['module', 'main'],
    // An addon for one processor; what asks for it does without.
    external: ['msgpackr-extract'],
    chunkNames: '[name]-[hash]',
    // The notices stand in a file of their own (third-party-notices.ts).
    legalComments: 'none',
    logLevel: 'warning',
    write: false,
  })
  mkdirSync(folder, { recursive: true })
  for (const { path, text } of outputFiles) writeFileSync(path, withCommonJs(escapeAll(text)))
  return Object.keys(metafile.inputs)
}

/** What CommonJS has and a module has not, where a package that is written in it asks for it. */
function withCommonJs(text: string): string {
  if (!/\b(?:require|__filename|__dirname)\b/.test(text)) return text
  return `import { createRequire as requireFrom } from 'node:module'
const require = requireFrom(import.meta.url), __filename = import.meta.filename, __dirname = import.meta.dirname
${text}`
}

/**
 * One character beyond ASCII, be it in a comment, and all of a file takes two bytes for each in memory.
 * esbuild leaves them in comments and regular expressions, where the escape means the same.
 */
function escapeAll(text: string): string {
  return text.replaceAll(
    /[^\0-\x7f]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** Those that are started by path: threads, and processes of the same Node. */
function programsIn(root: string): string[] {
  const files = globSync('{apps,packages}/*/src/**/*.ts', { cwd: root })
  const found = files
    .filter((path) => !path.endsWith('.test.ts'))
    .flatMap((path) =>
      [...readFileSync(join(root, path), 'utf8').matchAll(programUrl)].map(([, program = '']) =>
        resolve(root, path, '..', `${program}.ts`),
      ),
    )
  return [...new Set(found)].toSorted()
}

/** Programs lie beside what starts them, whatever folder their source lies in. */
const programsBesideEachOther: Plugin = {
  name: 'programs beside each other',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/](?:apps|packages)[\\/][^\\/]+[\\/]src[\\/].*\.ts$/ }, ({ path }) => ({
      loader: 'ts',
      contents: readFileSync(path, 'utf8').replaceAll(
        programUrl,
        (_, program: string) => `new URL('./${basename(program)}.js', import.meta.url)`,
      ),
    }))
  },
}

/**
 * `import` of a module of Node's asks for all that it exports, and `node:http` exports a `WebSocket` that is
 * loaded, with a second HTTP client, when it is asked for. Nobody here does. Who imports it by `import()` takes
 * names from what comes, which CommonJS would not have there.
 */
const httpWithoutWebSockets: Plugin = {
  name: 'http without WebSockets',
  setup({ onResolve, onLoad }) {
    const namespace = 'node:http'
    const http = "process.getBuiltinModule('node:http')"
    onResolve({ filter: /^(?:node:)?http$/ }, ({ kind }) => ({
      path: kind === 'dynamic-import' ? 'names' : 'whole',
      namespace,
    }))
    onLoad({ filter: /^whole$/, namespace }, () => ({ contents: `module.exports = ${http}` }))
    onLoad({ filter: /^names$/, namespace }, () => ({
      contents: `export const { ${namesOfHttp().join(', ')} } = ${http}\nexport default ${http}`,
    }))
  },
}

function namesOfHttp(): string[] {
  const loading = ['WebSocket', 'CloseEvent', 'MessageEvent']
  return Object.keys(process.getBuiltinModule('node:http')).filter(
    (name) => !loading.includes(name),
  )
}
