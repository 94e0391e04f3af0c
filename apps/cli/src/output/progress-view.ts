import type { MultiBar, SingleBar } from 'cli-progress'

export interface ProgressState {
  /** 0 to 100; null when nobody can tell. */
  readonly percent: number | null
  readonly text: string
}

/** Things that go on, one line each on the terminal; nothing at all elsewhere. */
export interface ProgressView {
  set(name: string, state: ProgressState): void
  /** A line that stays, above those that move. */
  say(line: string): void
  /** Gives the terminal back; idempotent. */
  stop(): void
}

export interface ProgressViewOptions {
  readonly stream: NodeJS.WriteStream
  readonly canDraw: boolean
  /** Where `say` goes when nothing is drawn. */
  readonly note: (line: string) => void
}

const barWidth = 24

export async function openProgressView(options: ProgressViewOptions): Promise<ProgressView> {
  if (!options.canDraw) return { set: () => {}, say: options.note, stop: () => {} }
  const { default: cliProgress } = await import('cli-progress')
  const bars = new cliProgress.MultiBar({
    stream: options.stream,
    format: (_options, _params, payload: Line) => renderLine(payload),
    hideCursor: true,
    // Otherwise it would stop by listeners of its own; the command that ends stops it anyway.
    gracefulExit: false,
    linewrap: true,
    forceRedraw: true,
    fps: 5,
  })
  return draw(bars, options)
}

function draw(bars: MultiBar, options: ProgressViewOptions): ProgressView {
  const lines = new Map<string, SingleBar>()
  let isStopped = false
  return {
    set(name, state) {
      if (isStopped) return
      const width = Math.max(name.length, ...[...lines.keys()].map((other) => other.length))
      const line: Line = { name: name.padEnd(width), ...state }
      const known = lines.get(name)
      if (known) known.update(state.percent ?? 0, line)
      else lines.set(name, bars.create(100, state.percent ?? 0, line))
    },
    say(line) {
      if (isStopped || lines.size === 0) options.note(line)
      else bars.log(`${line}\n`)
    },
    stop() {
      if (isStopped) return
      isStopped = true
      bars.stop()
    },
  }
}

interface Line extends ProgressState {
  readonly name: string
}

/** `home  [=====>    ]  42%  1.2 GiB …`; without the bar where there is no percentage. */
export function renderLine({ name, percent, text }: Line): string {
  if (percent === null) return `${name}  ${text}`
  const filled = Math.round((Math.min(100, Math.max(0, percent)) / 100) * barWidth)
  const bar = '='.repeat(filled).padEnd(barWidth)
  return `${name}  [${bar}] ${String(Math.floor(percent)).padStart(3)}%  ${text}`
}
