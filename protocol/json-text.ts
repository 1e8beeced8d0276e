/**
 * JSON as text: what `JSON.parse` does not tell. How deep a text nests, before it is parsed; and the source of one member of
 * an object, so that `extra` is kept as it was written, numbers beyond 2^53 included. Both go over the text once.
 */
const QUOTE = 0x22
const BACKSLASH = 0x5c

/** How deep objects and arrays nest; of text that is not JSON some number, at most the count of its brackets. */
export function jsonDepth(text: string): number {
  let depth = 0
  let deepest = 0
  for (let i = 0; i < text.length; i++) {
    const character = text.charCodeAt(i)
    if (character === QUOTE) i = endOfString(text, i)
    else if (isOpening(character)) deepest = Math.max(deepest, ++depth)
    else if (isClosing(character)) depth--
  }
  return deepest
}

/**
 * The source of the last member named `key`, spelt without escapes, of the object that the valid JSON `text` is; undefined when
 * it has none.
 */
export function memberSource(text: string, key: string): string | undefined {
  let source: string | undefined
  let at = text.indexOf('{') + 1
  for (;;) {
    const quote = text.indexOf('"', at)
    if (quote < 0) return source
    const end = endOfString(text, quote) + 1
    const start = text.indexOf(':', end) + 1
    at = endOfValue(text, start)
    if (text.slice(quote + 1, end - 1) === key) source = text.slice(start, at).trim()
  }
}

/** The index of the comma or bracket after the value that begins at `start`. */
function endOfValue(text: string, start: number): number {
  let depth = 0
  for (let i = start; i < text.length; i++) {
    const character = text.charCodeAt(i)
    if (character === QUOTE) i = endOfString(text, i)
    else if (isOpening(character)) depth++
    else if (depth === 0 && (character === 0x2c || isClosing(character))) return i
    else if (isClosing(character)) depth--
  }
  return text.length
}

/** The index of the quote that closes the string whose opening quote is at `quote`, or of the end of the text. */
function endOfString(text: string, quote: number): number {
  let i = quote + 1
  while (i < text.length && text.charCodeAt(i) !== QUOTE) i += text.charCodeAt(i) === BACKSLASH ? 2 : 1
  return i
}

const isOpening = (character: number): boolean => character === 0x7b || character === 0x5b
const isClosing = (character: number): boolean => character === 0x7d || character === 0x5d
