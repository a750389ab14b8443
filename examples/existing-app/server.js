// A chat as in many a tutorial: express, Socket.IO, rooms. What was added for native clients is marked with [bridge].
import { createServer } from "node:http";
import { join } from "node:path";
import express from "express";
import { Server } from "socket.io";
import { attachBridge } from "@crossroom/bridge"; // [bridge]

const app = express();
const server = createServer(app);
const io = new Server(server);
attachBridge(io, server); // [bridge]

app.get("/", (request, response) => {
  response.sendFile(join(import.meta.dirname, "index.html"));
});

io.use((socket, next) => {
  const { nickname } = socket.handshake.auth;
  if (typeof nickname !== "string" || nickname.trim() === "") {
    next(new Error("give a nickname"));
    return;
  }
  socket.data.nickname = nickname.trim().slice(0, 40);
  next();
});

io.on("connection", (socket) => {
  const { nickname } = socket.data;

  socket.on("join", (room, callback) => {
    if (typeof room !== "string") return;
    socket.join(room);
    socket.to(room).emit("joined", nickname);
    if (typeof callback === "function") callback({ room, people: io.sockets.adapter.rooms.get(room)?.size });
  });

  socket.on("chat message", (room, text) => {
    if (!socket.rooms.has(room) || typeof text !== "string") return;
    io.to(room).emit("chat message", nickname, text);
  });
});

server.listen(process.env.PORT ?? 3000, () => {
  console.log(`The chat is on http://localhost:${server.address().port}`);
});
