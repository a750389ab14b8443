/**
 * A few small files, read once and served from memory. Only what was found at the start has a URL, so that no path of a
 * request ever reaches the file system.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { extname, join } from "node:path";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".map": "application/json",
  ".svg": "image/svg+xml",
};

interface StaticFile {
  type: string;
  body: Buffer;
  /** Strong, by content (RFC 9110, section 8.8.3). */
  etag: string;
}

export class StaticFiles {
  readonly #files = new Map<string, StaticFile>();

  /** Adds the files of a folder, but not of those inside it, under `prefix`. Throws if the folder cannot be read. */
  addFolder(prefix: string, folder: string): void {
    for (const name of readdirSync(folder)) {
      const type = TYPES[extname(name)];
      if (type === undefined) continue;
      const body = readFileSync(join(folder, name));
      const etag = `"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"`;
      this.#files.set(`${prefix}${name}`, { type, body, etag });
    }
  }

  /** Gives a file that is there a second URL. */
  alias(path: string, target: string): void {
    const file = this.#files.get(target);
    if (file !== undefined) this.#files.set(path, file);
  }

  has(path: string): boolean {
    return this.#files.has(path);
  }

  /** Answers, with headers set before, or returns false where there is no such file. */
  serve(path: string, request: IncomingMessage, response: ServerResponse): boolean {
    const file = this.#files.get(path);
    if (file === undefined) return false;
    response.setHeader("etag", file.etag);
    // Kept, but asked for anew each time: names carry no version, and a 304 is cheap.
    response.setHeader("cache-control", "no-cache");
    if (request.headers["if-none-match"]?.includes(file.etag) === true) {
      response.writeHead(304).end();
      return true;
    }
    response.writeHead(200, { "content-type": file.type, "content-length": file.body.length });
    response.end(request.method === "HEAD" ? undefined : file.body);
    return true;
  }
}
