import type { TarSegment } from '@backstream/archive'
import type { Clock } from '@backstream/kernel'
import { RateMeter } from './rate-meter.ts'
import { type BackupStage, StageMeter } from './stage-meter.ts'

export type BackupPhase = 'preflight' | 'streaming' | 'checking' | 'committing' | 'cleaning'

/** A look at a run in flight; the shape of `RunProgress` of the jobs package. */
export interface BackupProgress {
  readonly phase: BackupPhase
  readonly bytesRead: number
  readonly bytesStored: number
  readonly entries: number
  readonly bytesTotal: number | null
  readonly percent: number | null
  readonly bytesPerSecond: number
  readonly etaSeconds: number | null
  /** The stage the others wait for; null unless bytes are on their way. */
  readonly slowest: BackupStage | null
}

/** Counts what flows past and turns it into progress; rates are over the last few seconds. */
export class ProgressMeter {
  bytesTotal: number | null = null
  bytesStored = 0
  readonly stages: StageMeter
  #phase: BackupPhase = 'preflight'
  #tarBytes = 0
  #contentBytes = 0
  #entries = 0
  readonly #rate: RateMeter
  readonly #onPhase: ((phase: BackupPhase) => void) | undefined

  constructor(clock: Clock, onPhase?: (phase: BackupPhase) => void) {
    this.#rate = new RateMeter(clock)
    this.stages = new StageMeter(clock)
    this.#onPhase = onPhase
    onPhase?.(this.#phase)
  }

  get phase(): BackupPhase {
    return this.#phase
  }

  set phase(phase: BackupPhase) {
    this.#phase = phase
    this.#onPhase?.(phase)
  }

  /**
   * Content bytes. A large entry counts in full when its header passes, so the tar bytes seen so far
   * bound it.
   */
  get bytesRead(): number {
    return Math.min(this.#contentBytes, this.#tarBytes)
  }

  async *count(segments: AsyncIterable<TarSegment>): AsyncGenerator<TarSegment> {
    for await (const segment of segments) {
      this.#tarBytes += segment.bytes.byteLength
      this.#entries += segment.entries.length
      const cursor = segment.entries.cursor()
      while (cursor.next()) this.#contentBytes += cursor.size
      yield segment
    }
  }

  look(): BackupProgress {
    const bytes = this.bytesRead
    return {
      phase: this.phase,
      bytesRead: bytes,
      bytesStored: this.bytesStored,
      entries: this.#entries,
      bytesTotal: this.bytesTotal,
      percent: this.#percent(bytes),
      ...this.#rate.look(bytes, this.bytesTotal),
      slowest: this.phase === 'streaming' ? this.stages.slowest() : null,
    }
  }

  #percent(bytes: number): number | null {
    if (this.phase === 'checking' || this.phase === 'committing') return 100
    if (this.bytesTotal === null) return null
    // 100 is kept for the end: an estimate may be too low.
    return Math.min(99, Math.floor(this.bytesTotal === 0 ? 0 : (100 * bytes) / this.bytesTotal))
  }
}
