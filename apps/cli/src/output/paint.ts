import { styleText } from 'node:util'

/** Puts colour around text, or leaves it as it is. */
export interface Paint {
  readonly good: (text: string) => string
  readonly bad: (text: string) => string
  readonly warn: (text: string) => string
  readonly dim: (text: string) => string
  readonly bold: (text: string) => string
}

/** `isOn` is decided by the caller: a terminal, and no NO_COLOR. */
export function createPaint(isOn: boolean): Paint {
  const paint = (style: Parameters<typeof styleText>[0]) => (text: string) =>
    isOn ? styleText(style, text, { validateStream: false }) : text
  return {
    good: paint('green'),
    bad: paint('red'),
    warn: paint('yellow'),
    dim: paint('dim'),
    bold: paint('bold'),
  }
}
