/** Applications of each framework, as small as they can be, and how a rooms server is put beside them. */
import "reflect-metadata";
import { Controller, Get, Logger, Module } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import express from "express";
import fastify from "fastify";
import { createServer, type Server } from "node:http";
import { createRoomsServer, type RoomsServer } from "../../../../server/index.js";

/** An application that shows "The shop" at `/`, and its own 404 elsewhere. */
export interface Application {
  readonly server: Server;
  readonly rooms: RoomsServer;
  /** Has it listen on a free port of 127.0.0.1. */
  listen(): Promise<unknown>;
  /** Ends the application and its HTTP server; the rooms server is closed by then. */
  close(): Promise<unknown>;
}

/** Whether the rooms server is mounted before the application's listeners are there, or after. */
export type Order = "before" | "after";

const SHOP = "The shop";

export const FRAMEWORKS: Record<string, (order: Order) => Promise<Application>> = {
  "Express 5": (order) => {
    const app = express();
    app.get("/", (_request, response) => void response.send(SHOP));
    const server = order === "after" ? createServer(app) : createServer();
    const rooms = createRoomsServer(server);
    if (order === "before") server.on("request", app);
    return Promise.resolve(onNode(server, rooms));
  },

  "Fastify 5": async (order) => {
    let server = createServer();
    let rooms: RoomsServer | undefined;
    const app = fastify({
      serverFactory: (handler) => {
        if (order === "before") rooms = createRoomsServer(server);
        return (server = server.on("request", handler));
      },
    });
    app.get("/", () => SHOP);
    await app.ready();
    rooms ??= createRoomsServer(app.server);
    return {
      ...{ server: app.server, rooms },
      listen: () => app.listen({ port: 0, host: "127.0.0.1" }),
      close: () => app.close(),
    };
  },

  "NestJS 12": async (order) => {
    Logger.overrideLogger(false);
    const app = await NestFactory.create(shopModule());
    const server = app.getHttpServer() as Server;
    // Nest makes its server with its listener; only that its routes are there yet, or not, can differ.
    if (order === "after") await app.init();
    const rooms = createRoomsServer(server);
    return {
      ...{ server, rooms },
      listen: () => app.listen(0, "127.0.0.1"),
      close: () => app.close(),
    };
  },
};

function onNode(server: Server, rooms: RoomsServer): Application {
  return {
    ...{ server, rooms },
    listen: () => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve)),
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}

/** What decorators would do, which the tests' compiler does not know. */
function shopModule(): new () => object {
  class Shop {
    show(): string {
      return SHOP;
    }
  }
  Get()(Shop.prototype, "show", Object.getOwnPropertyDescriptor(Shop.prototype, "show") ?? {});
  Controller()(Shop);
  class ShopModule {
    readonly pages = [Shop];
  }
  Module({ controllers: [Shop] })(ShopModule);
  return ShopModule;
}
