/** Maps a range of values onto a range of pixels. A range of one value lies in the middle. */
export function linearScale(
  [low, high]: readonly [number, number],
  [from, to]: readonly [number, number],
): (value: number) => number {
  if (high === low) return () => (from + to) / 2
  return (value) => from + ((value - low) / (high - low)) * (to - from)
}

/** Round values from nought up to at least `max`, for an axis; `base` 1024 for bytes. */
export function ticks(max: number, wanted = 3, base = 1000): number[] {
  if (max <= 0) return [0]
  const unit = base ** Math.floor(Math.log(max) / Math.log(base))
  const raw = max / unit / wanted
  const power = 10 ** Math.floor(Math.log10(raw))
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= raw) ?? raw
  const count = Math.ceil(max / unit / step - 1e-9)
  return Array.from({ length: count + 1 }, (_, at) => Number((at * step).toPrecision(12)) * unit)
}
