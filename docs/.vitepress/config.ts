import { readdirSync } from 'node:fs'
import { defineConfig } from 'vitepress'

/** What a newcomer reads first stands first. A page that is named nowhere is still found, under "Further". */
const groups = [
  { text: 'Begin', pages: ['index', 'quick-start', 'concepts', 'install', 'commands'] },
  { text: 'Sources', pages: ['sources', 'databases', 'elsewhere'] },
  { text: 'Stores', pages: ['stores', 'bucket-format'] },
  { text: 'Schedule and retention', pages: ['schedule', 'keeping'] },
  { text: 'Restore', pages: ['disaster-recovery'] },
  { text: 'Board and monitoring', pages: ['board', 'monitoring', 'notify', 'alarms', 'traces'] },
  { text: 'Operate', pages: ['faq', 'errors', 'security', 'upgrading', 'scaling'] },
  { text: 'Judge', pages: ['comparison', 'reliability', 'benchmarks', 'from-thecombine'] },
  { text: 'Inside', pages: ['architecture'] },
]

const pagesIn = (folder: string) =>
  readdirSync(new URL(`../${folder}`, import.meta.url))
    .filter((name) => name.endsWith('.md'))
    .map((name) => name.replace(/\.md$/, ''))
    .toSorted()

const named = new Set(groups.flatMap(({ pages }) => pages))
const further = pagesIn('').filter((page) => !named.has(page))

export default defineConfig({
  title: 'Backstream',
  description: 'Scheduled backups into S3 that are only called backups once they can be restored',
  cleanUrls: true,
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    sidebar: [
      ...groups.map(({ text, pages }) => ({ text, items: pages.map(itemOf) })),
      ...(further.length > 0 ? [{ text: 'Further', items: further.map(itemOf) }] : []),
      {
        text: 'Decisions',
        collapsed: true,
        items: pagesIn('decisions').map((page) => itemOf(`decisions/${page}`)),
      },
    ],
  },
})

function itemOf(page: string): { text: string; link: string } {
  return { text: titleOf(page), link: page === 'index' ? '/' : `/${page}` }
}

/** `bucket-format` → `Bucket format` */
function titleOf(page: string): string {
  const words = page === 'index' ? 'what it is' : page.replace(/^decisions\/\d+-/, '')
  const text = words.replaceAll('-', ' ')
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`
}
