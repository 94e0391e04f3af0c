export type * from './segment.ts'
