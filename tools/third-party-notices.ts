/** The licences of what is in a package that is not ours: name, version and text of each. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

interface Notice {
  readonly title: string
  readonly text: string
}

/** Of the packages that these files are of; paths from `root` on, ours among them. */
export function renderNotices(root: string, files: readonly string[]): string {
  const folders = new Set(files.flatMap((file) => folderOfPackage(file) ?? []))
  const notices = [...folders].map((folder) => noticeOf(join(root, folder)))
  const byText = Map.groupBy(notices, ({ text }) => text)
  const sections = [...byText].map(([text, all]) => {
    const titles = new Set(all.map(({ title }) => title))
    return [...[...titles].toSorted(), '', text].join('\n')
  })
  const head =
    'This package holds the packages below, each under the licence that follows its name.'
  return `${[head, ...sections.toSorted()].join(`\n\n${'-'.repeat(100)}\n\n`)}\n`
}

function folderOfPackage(file: string): string | undefined {
  return /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0]
}

function noticeOf(folder: string): Notice {
  const { name, version, license, author } = JSON.parse(
    readFileSync(join(folder, 'package.json'), 'utf8'),
  )
  const files = globSync('*', { cwd: folder }).filter((file) =>
    /^(?:licen[cs]e|copying|notice)\b/i.test(file),
  )
  const texts = files.toSorted().map((file) => readFileSync(join(folder, file), 'utf8').trim())
  const by = author?.name ?? author ?? 'its authors'
  const text = texts.length > 0 ? texts.join('\n\n') : `It brings no text of it. By ${by}.`
  return { title: `${name} ${version}, ${license}`, text }
}
