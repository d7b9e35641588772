// The clock: monotonic time for durations, and waiting.
import { setTimeout as delay } from "node:timers/promises";

/** Milliseconds that only ever go forward. */
export function nowMs(): number {
  return performance.now();
}

/** Milliseconds since the machine started. */
export function uptimeMs(): number {
  return Number(process.hrtime.bigint() / 1_000_000n);
}

/** UTC, ISO 8601. */
export function utcNow(): string {
  return new Date().toISOString();
}

/** Waits. */
export async function sleep(milliseconds: number): Promise<void> {
  await delay(milliseconds);
}

/** Calls again and again until it is disposed; it keeps no process alive. */
export function every(milliseconds: number, action: () => void): Disposable {
  const timer = setInterval(action, milliseconds);
  timer.unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
