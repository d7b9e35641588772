// Reading over HTTP: bytes as they come, errors that name the URL.
import { LifeboatError } from "#os/error";

export interface HttpOptions {
  readonly timeoutMs?: number;
}

/** GETs a URL, following redirects. Throws LifeboatError unless the answer is 200. */
export async function* httpGet(url: string, options: HttpOptions = {}): AsyncGenerator<Uint8Array> {
  const response = await fetch(url, { signal: AbortSignal.timeout(options.timeoutMs ?? 600_000) }).catch((error: unknown) => {
    throw httpError(url, describe(error), error);
  });
  if (response.status !== 200 || response.body === null)
    throw httpError(url, `the server answered ${response.status} ${response.statusText}`);
  try {
    yield* response.body;
  } catch (error) {
    throw httpError(url, describe(error), error);
  }
}

function httpError(url: string, state: string, cause?: unknown): LifeboatError {
  return new LifeboatError(`Cannot read "${url}" as the server must give it: ${state}`, {
    hint: "Check the address, and that the server is reachable from here",
    cause,
  });
}

/** fetch() says "fetch failed" and keeps the reason in the cause. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
