export interface ExtractCounts {
  /** Those that are done, be they written or kept. */
  entries: number
  files: number
  /** Content bytes written. */
  bytes: number
  /** Entries that had to leave what was there. */
  kept: number
  /** Files and links that took the place of what was there. */
  replaced: number
  /** Files whose set-user-id or set-group-id bit was taken off. */
  setuidCleared: number
  /** Entries of somebody else, where owners are not set. */
  othersOwned: number
}

export interface ExtractReport extends ExtractCounts {
  /** What could not be set as it was, by kind: owner, mode, time. */
  readonly notSet: Map<string, number>
  /** The entry being written: where it stopped, if it did. */
  current: string | null
  /** Entries that were left out because the archive is damaged where they lie. */
  readonly damaged: Set<string>
}

export function emptyReport(): ExtractReport {
  const counts = { entries: 0, files: 0, bytes: 0, kept: 0, replaced: 0 }
  const kinds = { notSet: new Map<string, number>(), damaged: new Set<string>() }
  return { ...counts, setuidCleared: 0, othersOwned: 0, ...kinds, current: null }
}

/** As they are now. Field by field: for each file, and a rest of the report takes ten times as long. */
export function countsOf(report: ExtractCounts): ExtractCounts {
  const { entries, files, bytes, kept, replaced, setuidCleared, othersOwned } = report
  return { entries, files, bytes, kept, replaced, setuidCleared, othersOwned }
}
