/** Beside Express, with middlewares that wrap every answer, whichever was there first. */
import compression from "compression";
import cors from "cors";
import { expect } from "chai";
import express from "express";
import { createServer, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Server } from "socket.io";
import { attachBridge } from "../../../bridge/index.js";
import { call, Caller } from "./support/caller.js";

describe("the bridge over HTTP beside Express with compression and cors", () => {
  for (const order of ["before", "after"]) {
    it(`attached ${order} it`, async () => {
      const asked: string[] = [];
      const app = express();
      app.use(cors({ origin: "https://express.example" }), compression({ threshold: 0 }));
      app.use((request, response) => {
        asked.push(request.path);
        response.send("express");
      });
      const http: HttpServer = createServer();
      const io = new Server(http, { serveClient: false });
      if (order === "before") attachBridge(io, http);
      http.on("request", app as unknown as Parameters<HttpServer["on"]>[1]);
      if (order === "after") attachBridge(io, http);
      await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
      const { port } = http.address() as AddressInfo;

      const caller = await Caller.open(port);
      const headers = { "Accept-Encoding": "gzip", Origin: "https://any.example" };
      await caller.post(0, [{ type: "connect" }], headers);
      const stream = await caller.stream(0, headers);
      expect(stream.response.headers).to.include({ "access-control-allow-origin": "*" });
      expect(stream.response.headers).not.to.have.property("content-encoding");
      expect((await stream.json()).type).to.equal("connected");
      io.emit("news", 1);
      expect((await stream.json()).args).to.deep.equal([1]);
      expect((await call(caller.url, "OPTIONS", headers)).status).to.equal(204);
      expect((await call(`${caller.url}/other`, "GET", headers)).body).to.equal("express");
      expect(asked).to.deep.equal(["/bridge/other"]);
      await io.close();
    });
  }
});
