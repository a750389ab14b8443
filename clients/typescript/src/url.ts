/**
 * URLs as socket.io-client reads them: the path names the namespace, not the endpoint. Pure. Imports nothing.
 */

/** The part of a page's `location` that relative URLs are resolved with. */
export interface PageLocation {
  /** With its colon: "https:". */
  readonly protocol: string;
  /** With its port, if it has one. */
  readonly host: string;
}

export interface ServerUrl {
  /** "http", "https", "ws" or "wss". */
  protocol: string;
  /** Without brackets, if it is an IPv6 address. */
  host: string;
  /** Never empty: the protocol's own where the URL names none. */
  port: string;
  /** The namespace. */
  path: string;
  /** The raw query string, without its question mark. */
  query: string;
  /** The same for URLs that one connection can serve: scheme, host, port and endpoint. */
  id: string;
}

export type Query = Readonly<Record<string, string | number | boolean>>;

/** Scheme, authority, path and query (RFC 3986, appendix B). Kept raw: a namespace is not percent-encoded. */
const URL_PARTS = /^(https?|wss?):\/\/([^/?#]*)([^?#]*)(?:\?([^#]*))?/i;

/**
 * Reads the URL of a server and a namespace.
 * @param uri absolute; or, on a page, relative to it; or without a scheme.
 * @param endpoint the path of the bridge, part of the id.
 * @throws TypeError for a URL that is missing, relative without a page, or not http, https, ws or wss.
 */
export function parseUrl(uri: string | undefined, endpoint: string, page?: PageLocation): ServerUrl {
  const absolute = makeAbsolute(uri, page);
  const [, scheme = "", authority = "", path = "", query = ""] = URL_PARTS.exec(absolute) ?? [];
  const [, bracketed, plain, named = ""] =
    /^(?:\[([^\]]*)\]|([^:]*))(?::(\d*))?$/.exec(authority.slice(authority.lastIndexOf("@") + 1)) ?? [];
  const host = bracketed ?? plain ?? "";
  if (host === "") throw new TypeError(`not a URL of a server: ${absolute}`);
  const protocol = scheme.toLowerCase();
  const port = named || (isSecure(protocol) ? "443" : "80");
  const id = `${protocol}://${bracket(host)}:${port}${endpoint}`;
  return { protocol, host, port, path: path || "/", query, id };
}

/** The address of the WebSocket. A query in the server's URL goes before the one of the options. */
export function socketUrl(server: ServerUrl, endpoint: string, query: Query | string | undefined): string {
  return endpointUrl(server, endpoint, query, isSecure(server.protocol) ? "wss" : "ws");
}

/** The address of the bridge over HTTP. */
export function httpUrl(server: ServerUrl, endpoint: string, query: Query | string | undefined): string {
  return endpointUrl(server, endpoint, query, isSecure(server.protocol) ? "https" : "http");
}

function endpointUrl(
  server: ServerUrl,
  endpoint: string,
  query: Query | string | undefined,
  scheme: string,
): string {
  const secure = isSecure(server.protocol);
  const port = server.port === (secure ? "443" : "80") ? "" : `:${server.port}`;
  const search = server.query || (typeof query === "string" ? query : encodeQuery(query ?? {}));
  const path = endpoint.startsWith("/") ? endpoint : `/${endpoint}`;
  return `${scheme}://${bracket(server.host)}${port}${path}${search && `?${search}`}`;
}

function makeAbsolute(uri: string | undefined, page: PageLocation | undefined): string {
  if (uri !== undefined && /^(https?|wss?):\/\//i.test(uri)) return uri;
  if (uri === undefined || uri.startsWith("/")) {
    if (page === undefined) throw new TypeError("outside of a page, the server's URL must be given in full");
    if (uri?.startsWith("//")) return page.protocol + uri;
    return `${page.protocol}//${page.host}${uri ?? ""}`;
  }
  return `${page?.protocol ?? "https:"}//${uri}`;
}

function encodeQuery(query: Query): string {
  return Object.entries(query)
    .map(([key, value]) => `${encodeURIComponent(key)}=${encodeURIComponent(value)}`)
    .join("&");
}

function isSecure(protocol: string): boolean {
  return protocol === "https" || protocol === "wss";
}

function bracket(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}
