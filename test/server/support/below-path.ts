/** A reverse proxy that has a server below a path, as `location /app/ { proxy_pass http://server/; }` does in nginx. */
import { createServer, request, type Server } from "node:http";

/** A proxy that serves `target` below a path and nothing elsewhere. */
export function belowPath(target: string, path: string): Server {
  const { hostname, port } = new URL(target);
  const inner = (url = ""): string | undefined =>
    url.startsWith(`${path}/`) ? url.slice(path.length) : undefined;
  const proxy = createServer((incoming, answer) => {
    const url = inner(incoming.url);
    if (url === undefined) return void answer.writeHead(404).end();
    const { method, headers } = incoming;
    const outgoing = request({ hostname, port, path: url, method, headers }, (response) => {
      answer.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(answer);
    });
    incoming.pipe(outgoing);
  });
  proxy.on("upgrade", (incoming, socket) => {
    const url = inner(incoming.url);
    if (url === undefined) return void socket.destroy();
    const outgoing = request({ hostname, port, path: url, headers: incoming.headers });
    outgoing.on("upgrade", ({ rawHeaders }, upstream, head) => {
      const lines = Array.from({ length: rawHeaders.length / 2 }, (_, i) =>
        rawHeaders.slice(2 * i, 2 * i + 2).join(": "),
      );
      socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join("\r\n")}\r\n\r\n`);
      // The first frame may have come with the answer.
      socket.write(head);
      upstream.on("error", () => socket.destroy()).pipe(socket);
      socket.on("error", () => upstream.destroy()).pipe(upstream);
    });
    outgoing.on("error", () => socket.destroy()).end();
  });
  return proxy;
}
