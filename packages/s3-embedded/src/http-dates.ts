/** S3 keeps whole seconds, and writes the fraction as zeros. */
export function isoDate(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}.000Z`
}

export function httpDate(ms: number): string {
  return new Date(ms).toUTCString()
}
