import assert from "node:assert/strict";
import { mkdtempSync, rmSync, mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { startWebServer, type WebServer } from "#os/web-server";
import { webSet } from "./web-set.ts";

const ID = "web1-20261121T194500Z";
const LOST = "web1-20261122T194500Z";
const root = mkdtempSync(join(tmpdir(), "lifeboat-web-set-"));
let server: WebServer;

before(async () => {
  const sizes = new Map<string, number>();
  for (const path of [`${ID}/set.json`, `${LOST}/catalogue.ndjson.zst`, `sets/${ID}/set.json`]) {
    mkdirSync(join(root, path, ".."), { recursive: true });
    writeFileSync(join(root, path), "content");
    sizes.set(`/${path}`, 7);
  }
  const find = async (path: string) => {
    const sizeBytes = sizes.get(path);
    return sizeBytes === undefined ? undefined : { sizeBytes, pieces: [{ path: join(root, path), offset: 0, sizeBytes }] };
  };
  server = await startWebServer({ address: "127.0.0.1", port: 0, find, answered: () => undefined });
});
after(async () => {
  await server[Symbol.asyncDispose]();
  rmSync(root, { recursive: true });
});

const PLACES: readonly (readonly [medium: string, id: string, place: string | undefined])[] = [
  ["", ID, `/${ID}`],
  ["/", ID, `/${ID}`],
  [`/${ID}`, ID, `/${ID}`],
  [`/${ID}/lifeboat`, ID, `/${ID}`],
  ["/sets/", ID, `/sets/${ID}`],
  ["", LOST, `/${LOST}`],
  [`/${ID}`, LOST, undefined],
  ["", "db1-20261121T194500Z", undefined],
];

for (const [medium, id, place] of PLACES) {
  test(`webSet() looks for ${id} from "${medium}"`, async () => {
    const source = await webSet(`http://127.0.0.1:${server.port}${medium}`, id);
    assert.equal(source?.description, place === undefined ? undefined : `http://127.0.0.1:${server.port}${place}`);
  });
}
