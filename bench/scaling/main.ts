/** `npm run bench:scaling`: simulates and measures 1,000 plans, and writes docs/scaling.md. */
import { writeFileSync } from 'node:fs'
import type { Schedule } from '@backstream/config'
import { measureRedis } from './measure-redis.ts'
import { renderScaling, type SimulatedRow } from './render-scaling.ts'
import { simulateLateness } from './simulate-lateness.ts'

const plans = 1000
const minuteMs = 60_000
const nightly = (jitterMs: number): Schedule => ({
  ...{ kind: 'cron', pattern: '15 3 * * *', timezone: 'Europe/Berlin', jitterMs },
})
const schedules: readonly (readonly [string, Schedule])[] = [
  ['nightly at 03:15, no jitter', nightly(0)],
  ['nightly at 03:15, jitter 1 h', nightly(60 * minuteMs)],
  ['every 6 h', { kind: 'every', everyMs: 6 * 60 * minuteMs, jitterMs: 0 }],
  ['every 1 h', { kind: 'every', everyMs: 60 * minuteMs, jitterMs: 0 }],
]
const load = { plans, medianRunMs: 30_000, sigma: 1, days: 7, seed: 1 }

const rows: SimulatedRow[] = schedules.flatMap(([text, schedule]) =>
  [4, 8, 20, 40].map((places) => ({
    ...{ text, places },
    ...simulateLateness({ ...load, schedule, places }),
  })),
)
const page = renderScaling({ ...load, rows, redis: await measureRedis(plans) })
console.log(page)
writeFileSync(new URL('../../docs/scaling.md', import.meta.url), page)
