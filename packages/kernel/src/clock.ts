/** Where time comes from. Everything outside this file takes a `Clock`, so that tests can own time. */
export interface Clock {
  /** Wall-clock time, milliseconds since the epoch. May jump. */
  now(): number
  /** Milliseconds since an arbitrary start; never goes back. For durations and deadlines. */
  monotonicMs(): number
}

export const systemClock: Clock = {
  // biome-ignore lint/plugin: the one place that reads ambient time
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
}
