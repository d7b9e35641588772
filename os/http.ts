// Reading over HTTP: bytes as they come, errors that name the URL.
import { sleep } from "#os/clock";
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

/** Pauses between tries: a server, or the way to it, may be away for half a minute. */
const PAUSES_MS = [500, 1000, 2000, 4000, 8000, 16_000];
/** Of one request, which is for some megabytes at most. */
const PIECE_TIMEOUT_MS = 120_000;
const TIME_TIMEOUT_MS = 5000;

/** The length of a file; undefined when the server has none of that name. Throws LifeboatError when it does not answer, or does not tell. */
export async function httpSize(url: string): Promise<number | undefined> {
  const { status, statusText, headers } = await patiently(url, (signal) => fetch(url, { method: "HEAD", signal }));
  if (status === 404 || status === 410) return undefined;
  const length = headers.get("content-length");
  if (status !== 200 || length === null || headers.get("content-encoding") !== null)
    throw httpError(url, status === 200 ? "the server does not tell its length" : `the server answered ${status} ${statusText}`);
  return Number(length);
}

/** What time it is there, in milliseconds since 1970 (RFC 9110, section 6.6.1); undefined when the server does not answer, or does not tell. */
export async function httpTime(url: string): Promise<number | undefined> {
  const response = await fetch(url, { method: "HEAD", signal: AbortSignal.timeout(TIME_TIMEOUT_MS) }).catch(() => undefined);
  const time = Date.parse(response?.headers.get("date") ?? "");
  return Number.isNaN(time) ? undefined : time;
}

/** So many bytes from there on; fewer at the end of the file. Throws LifeboatError when the server does not answer, or gives whole files alone. */
export async function httpRange(url: string, offset: number, sizeBytes: number): Promise<Uint8Array> {
  if (sizeBytes === 0) return new Uint8Array();
  const range = `bytes=${offset}-${offset + sizeBytes - 1}`;
  const { status, statusText, bytes } = await patiently(url, async (signal) => {
    const response = await fetch(url, { headers: { range, "accept-encoding": "identity" }, signal });
    return { status: response.status, statusText: response.statusText, bytes: await bodyOf(response) };
  });
  // Behind the end of the file (RFC 9110, section 15.5.17).
  if (status === 416) return new Uint8Array();
  if (status !== 206)
    throw httpError(url, status === 200 ? "the server gives whole files alone" : `the server answered ${status} ${statusText}`);
  if (bytes.length > sizeBytes) throw httpError(url, `${sizeBytes} bytes were asked for, and ${bytes.length} came`);
  return bytes;
}

/** A whole file that nobody asked for is not read. */
async function bodyOf(response: Response): Promise<Uint8Array> {
  if (response.status === 206) return new Uint8Array(await response.arrayBuffer());
  await response.body?.cancel();
  return new Uint8Array();
}

/** Tries again where nobody answers, the connection breaks, or the server says that it cannot for a while. */
async function patiently<T extends { readonly status: number }>(url: string, ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
  for (const pauseMs of PAUSES_MS) {
    try {
      const answer = await ask(AbortSignal.timeout(PIECE_TIMEOUT_MS));
      if (answer.status < 500) return answer;
    } catch (error) {
      if (isFinal(error)) throw httpError(url, describe(error), error);
    }
    await sleep(pauseMs);
  }
  return ask(AbortSignal.timeout(PIECE_TIMEOUT_MS)).catch((error: unknown) => {
    throw httpError(url, describe(error), error);
  });
}

/** A name that nobody knows, a certificate that is not trusted, a URL that is none: waiting does not mend it. */
function isFinal(error: unknown): boolean {
  const { code = "" } = (error as { readonly cause?: { readonly code?: string } }).cause ?? {};
  return /^(?:ENOTFOUND|ERR_INVALID_URL|.*CERT.*|ERR_TLS.*|.*SELF_SIGNED.*|UNABLE_TO_.*)$/.test(code);
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
