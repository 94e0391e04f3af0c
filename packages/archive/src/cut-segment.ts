import type { TarSegment } from './segment.ts'
import { SegmentEntries } from './segment-entries.ts'

export interface SegmentPiece extends TarSegment {
  /** It begins with the header of a large member, and is to begin a frame. */
  readonly beginsFrame: boolean
}

/**
 * Cuts a segment before each member of at least `largeBytes`: who wants that member alone then fetches
 * frames that hold nothing else in front of it. Segments without any pass as they are.
 */
export function cutBeforeLarge(segment: TarSegment, largeBytes: number): SegmentPiece[] {
  const starts = startsOfLarge(segment, largeBytes)
  if (starts.length === 0) return [{ ...segment, beginsFrame: false, ...releaseOf(segment) }]
  const borders = starts[0] === 0 ? starts : [0, ...starts]
  const release = sharedRelease(segment, borders.length)
  return borders.map((start, at) => {
    const end = borders[at + 1] ?? segment.bytes.length
    return {
      bytes: segment.bytes.subarray(start, end),
      entries: entriesBetween(segment.entries, start, end),
      beginsFrame: start === starts[0] || at > 0,
      release,
    }
  })
}

function startsOfLarge({ entries }: TarSegment, largeBytes: number): number[] {
  const starts: number[] = []
  const cursor = entries.cursor()
  while (cursor.next()) if (cursor.size >= largeBytes) starts.push(cursor.offset)
  return starts
}

function releaseOf({ release }: TarSegment): Pick<TarSegment, 'release'> {
  return release ? { release } : {}
}

/** Each piece is released once; the segment is when the last of them is. */
function sharedRelease(segment: TarSegment, pieces: number): () => void {
  let left = pieces
  return () => {
    left--
    if (left === 0) segment.release?.()
  }
}

function entriesBetween(entries: SegmentEntries, start: number, end: number): SegmentEntries {
  return SegmentEntries.of(
    [...entries]
      .filter(({ offset }) => offset >= start && offset < end)
      .map((entry) => ({ ...entry, offset: entry.offset - start })),
  )
}
