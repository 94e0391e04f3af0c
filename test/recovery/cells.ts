import { openAuditStore } from './audit-store.ts'
import { blows } from './blows.ts'
import { phases } from './phases.ts'
import { type Cell, type CellResult, runCell } from './run-cell.ts'
import { openStand } from './stand.ts'

export function allCells(): Cell[] {
  return blows.flatMap((blow) => phases.filter(blow.fits).map((phase) => ({ phase, blow })))
}

export function cellName({ phase, blow }: Cell): string {
  return `${phase.name} × ${blow.name}`
}

/** One installation that suffers cell after cell, each in a plan of its own. */
export interface Lane extends AsyncDisposable {
  run(cell: Cell): Promise<CellResult>
  /** What its processes logged lately. */
  logs(): string
}

/** After a cell that went wrong a new installation is used: the next one is to be judged by itself. */
export async function openLane(maxCells: number): Promise<Lane> {
  const plans = Array.from({ length: maxCells }, (_, at) => `cell-${String(at).padStart(3, '0')}`)
  const open = async () => {
    const stand = await openStand({ plans })
    return { stand, store: openAuditStore(stand.s3) }
  }
  let current = await open()
  let isSpoiled = false
  let used = 0
  const close = async () => {
    current.store[Symbol.dispose]()
    await current.stand[Symbol.asyncDispose]()
  }
  return {
    async run(cell) {
      if (isSpoiled) {
        await close()
        current = await open()
      }
      const { stand, store } = current
      const result = await runCell(stand, cell, { plan: plans[used++] ?? '', store })
      isSpoiled = result.problems.length > 0
      return result
    },
    logs: () =>
      [...current.stand.workers, ...current.stand.schedulers]
        .map((machine) => `=== ${machine.name}\n${machine.log()}`)
        .join('\n'),
    [Symbol.asyncDispose]: close,
  }
}
