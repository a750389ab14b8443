/** What the server answers to plain HTTP: the demo page, a health check, and help where a WebSocket was meant. */
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { fileURLToPath } from "node:url";
import type { HttpApi } from "../http-api/http-api.js";
import { isOfApi } from "../http-api/operations.js";
import { type HttpHandler, sendJson } from "./http-json.js";
import { StaticFiles } from "./static-files.js";

export interface HttpOptions {
  /** Path of the bridge's endpoint. */
  bridgePath: string;
  /** What the demo page needs; without it there is no page. */
  demo?: { files: StaticFiles; inspect: WireTapHandler; signIn?: HttpHandler };
  /** Answers what lies below `API_BASE`. */
  api: Pick<HttpApi, "answer">;
  /** Answers what lies below `/admin/`. */
  admin: HttpHandler;
  /** Answers `/crossroom/metrics`; and `/metrics`, where no application does. */
  metrics: HttpHandler;
}

/** Answers `GET /inspect`; `sendError` answers with a status and says what to do. */
export interface WireTapHandler {
  serve(
    request: IncomingMessage,
    response: ServerResponse,
    query: URLSearchParams,
    sendError: (status: keyof typeof INSPECT_ERRORS, message: string) => void,
  ): void;
}

const INSPECT_ERRORS = { 400: "bad_token", 403: "origin_not_allowed", 503: "too_many_pages" } as const;

/** All that the page needs is on this server, so that injected markup could load and send nothing. */
const SECURITY_HEADERS = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
} as const;

/** The demo page's files, from the folder beside this program's own that the build makes. Throws if they are not there. */
export function demoFiles(): StaticFiles {
  const files = new StaticFiles();
  files.addFolder("/demo/", fileURLToPath(new URL("../public/", import.meta.url)));
  files.alias("/", "/demo/index.html");
  files.alias("/favicon.ico", "/demo/icon.svg");
  return files;
}

/** All below it is ours, also what nothing is at yet. */
const PREFIX = "/crossroom/";

/** Paths of ours that lie elsewhere. Below `/admin/` others may be the application's. */
const OWN: ReadonlySet<string> = new Set(["/healthz", "/admin/inspect", "/admin/revoke"]);

/** Whether `httpHandler` is the one to answer at a path, though there be an application: the bridge's is not among them. */
export function isOwnPath(path: string, { demo }: Pick<HttpOptions, "demo">): boolean {
  if (path.startsWith(PREFIX) || OWN.has(path)) return true;
  if (demo === undefined) return false;
  return (
    path === "/inspect" || (path === "/demo/sign-in" && demo.signIn !== undefined) || demo.files.has(path)
  );
}

/** Answers requests that are neither Socket.IO's nor the bridge's; at paths that are none of ours, with an error. */
export function httpHandler({ bridgePath, demo, admin, api, metrics }: HttpOptions): RequestListener {
  return (request, response) => {
    const { path, query } = splitUrl(request.url ?? "/");
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
    if (path.startsWith("/admin/")) {
      void admin(request, response);
    } else if (isOfApi(path)) {
      api.answer(request, response);
    } else if (path === "/metrics" || path === `${PREFIX}metrics`) {
      void metrics(request, response);
    } else if (path === "/demo/sign-in" && demo?.signIn !== undefined) {
      void demo.signIn(request, response);
    } else if (request.method !== "GET" && request.method !== "HEAD") {
      response.setHeader("allow", "GET, HEAD");
      sendError(request, response, 405, "method_not_allowed", "Only GET and HEAD are answered here.");
    } else if (path === "/healthz") {
      sendJson(request, response, 200, { status: "ok" });
    } else if (path === bridgePath || path === `${bridgePath}/`) {
      response.setHeader("upgrade", "websocket");
      response.setHeader("connection", "upgrade");
      const message = "This is a WebSocket endpoint: open it with a WebSocket client, over ws:// or wss://.";
      sendError(request, response, 426, "upgrade_required", message);
    } else if (path === "/inspect" && demo !== undefined && request.method === "GET") {
      demo.inspect.serve(request, response, query, (status, message) =>
        sendError(request, response, status, INSPECT_ERRORS[status], message),
      );
    } else if (demo?.files.serve(path, request, response) !== true) {
      sendError(request, response, 404, "not_found", "There is nothing at this path.");
    }
  };
}

/** By hand, as `new URL` throws on some request targets that Node lets through. */
function splitUrl(url: string): { path: string; query: URLSearchParams } {
  const mark = url.indexOf("?");
  if (mark === -1) return { path: url, query: new URLSearchParams() };
  return { path: url.slice(0, mark), query: new URLSearchParams(url.slice(mark)) };
}

/** The shape of the bridge's own refusals. */
function sendError(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  code: string,
  message: string,
): void {
  sendJson(request, response, status, { error: { code, message } });
}
