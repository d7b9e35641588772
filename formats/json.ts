// JSON from outside: undefined for what is none, so that the schema that follows says so in the reader's words.

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
