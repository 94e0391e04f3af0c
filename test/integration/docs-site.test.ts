/** The documentation: every link leads somewhere, and the site is built from it. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { temporaryDirectory } from '@backstream/testkit'

const root = new URL('../../', import.meta.url)
const docs = new URL('docs/', root)
const pagesIn = (folder: string) =>
  readdirSync(new URL(folder, root))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `${folder}${name}`)
const pages = [...pagesIn('docs/'), ...pagesIn('docs/decisions/')]
const read = (path: string) => readFileSync(new URL(path, root), 'utf8')

/** Of a page's own text: what stands in code is no link. */
function linksOf(path: string): string[] {
  const prose = read(path)
    .replaceAll(/^```.*?^```$/gms, '')
    .replaceAll(/`[^`\n]*`/g, '')
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link)
}

/** As the generator makes them of headings. */
function anchorsOf(path: string): string[] {
  return [...read(path).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}]+/gu, '-')
      .replaceAll(/^-|-$/g, ''),
  )
}

describe('docs/', () => {
  for (const path of [...pages, 'README.md']) {
    it(`leads somewhere with every link of ${path}`, () => {
      for (const link of linksOf(path).filter((one) => !/^\w+:/.test(one))) {
        const [file = '', anchor] = link.split('#')
        const target = file === '' ? path : new URL(file, new URL(path, root)).pathname
        const found = target === path ? path : target.replace(root.pathname, '')
        ok(existsSync(new URL(found, root)), `${path}: ${link}`)
        if (anchor) ok(anchorsOf(found).includes(anchor), `${path}: ${link}`)
      }
    })
  }

  it('says at its beginning what each page is', () => {
    const nameless = pages.filter((path) => !/^# \S/.test(read(path)))
    deepEqual(nameless, [])
  })
})

describe('the site', () => {
  const isInstalled = existsSync(new URL('node_modules/vitepress', docs))
  if (!isInstalled && process.env['CI'] === 'true') {
    throw new Error('no generator of the documentation: npm ci --prefix docs')
  }
  const skip = isInstalled ? false : 'no generator here: npm ci --prefix docs'

  it('is built, with every page in it and in its navigation', { skip }, async () => {
    await using folder = await temporaryDirectory('docs')
    const { status, stdout, stderr } = spawnSync(
      'npm',
      ['run', 'build', '--', '--outDir', folder.path],
      {
        cwd: fileURLToPath(docs),
        encoding: 'utf8',
      },
    )
    equal(status, 0, `${stdout}\n${stderr}`)
    const start = readFileSync(join(folder.path, 'index.html'), 'utf8')
    for (const path of pages) {
      const page = path.replace(/^docs\//, '').replace(/\.md$/, '')
      ok(existsSync(join(folder.path, `${page}.html`)), page)
      ok(page === 'index' || start.includes(`href="/${page}"`), `${page} is in no navigation`)
    }
  })
})
