/** `@crossroom/client/rooms`: rooms, inbox and presence on a socket of socket.io-client or of crossroom/client. */
export type * from "./api.js";
export { RoomsError } from "./errors.js";
export { createRooms } from "./rooms.js";
