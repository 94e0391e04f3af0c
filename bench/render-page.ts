import { renderMarkdown } from './render-table.ts'
import type { Summary } from './summary.ts'

/** docs/benchmarks.md, of at least one summary. */
export function renderPage(summaries: readonly Summary[]): string {
  const machine = summaries[0]?.machine
  if (!machine) throw new Error('a page needs results')
  const { cores, cpu, memoryBytes, system, node, versions } = machine
  const memory = Math.round(memoryBytes / 2 ** 30)
  return `# Benchmarks

Written by \`npm run bench -- --page docs/benchmarks.md\`; bench/README.md says what is compared and how.
Medians of ${summaries[0]?.runs} interleaved runs, lowest and highest in brackets. A ratio below 1 means that
Backstream needs less. Absolute figures are of one machine and day; the ratios are what to use.

${cores} cores (${cpu}), ${memory} GiB, ${system}, Node ${node}; ${versions.tar}; ${versions.zstd}; ${versions.aws}.

${summaries.map(renderMarkdown).join('\n')}`.replace(/\n+$/, '\n')
}
