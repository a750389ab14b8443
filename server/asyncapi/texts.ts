/** What the AsyncAPI document says of each call and event in a few words, and an example of each. */
import type { ServerEvents } from "../api/events.js";
import type { Call, CallName, Result, ServerEventName } from "../api/schemas.js";

export const CALL_TEXTS: {
  readonly [E in CallName]: { title: string; section: string; call: Call<E>; result: Result<E> };
} = {
  join: {
    title: "Enter a room",
    section: "3",
    call: { room: "lobby", since: { epoch: "k3v9", offset: 16 }, history: 50 },
    result: {
      room: "lobby",
      position: { epoch: "k3v9", offset: 17 },
      recovered: true,
      messages: [
        {
          room: "lobby",
          id: "m1",
          position: { epoch: "k3v9", offset: 17 },
          from: { user: "ben", name: "Ben", sid: "b1", transport: "websocket" },
          data: { text: "While you were away" },
          at: 1767225600000,
        },
      ],
      members: [{ user: "ada", name: "Ada", devices: [{ id: "phone", sid: "a1", transport: "bridge" }] }],
      count: 1,
    },
  },
  leave: { title: "Leave a room", section: "3", call: { room: "lobby" }, result: {} },
  publish: {
    title: "Publish to a room",
    section: "4",
    call: { room: "lobby", data: { text: "Hello" }, id: "m2" },
    result: { id: "m2", position: { epoch: "k3v9", offset: 18 }, at: 1767225601000, duplicate: false },
  },
  signal: {
    title: "Tell those who are in a room at the moment",
    section: "7",
    call: { room: "lobby", data: { typing: true } },
    result: {},
  },
  history: {
    title: "Read a room's log",
    section: "6",
    call: { room: "lobby", before: { epoch: "k3v9", offset: 1 }, limit: 50 },
    result: { messages: [], more: false, position: { epoch: "k3v9", offset: 18 } },
  },
  presence: {
    title: "Who is in a room",
    section: "8",
    call: { room: "lobby", limit: 100 },
    result: {
      room: "lobby",
      members: [{ user: "ada", name: "Ada", devices: [{ id: "phone", sid: "a1", transport: "bridge" }] }],
      count: 1,
      more: false,
    },
  },
  send: {
    title: "Send to a user's inbox",
    section: "9",
    call: { to: "ben", data: { text: "Call me" }, id: "d1", receipt: true },
    result: { id: "d1", at: 1767225602000, duplicate: false },
  },
  inbox: {
    title: "Open one's inbox on this device",
    section: "9",
    call: { since: { epoch: "k3v9", offset: 4 } },
    result: { cursor: { epoch: "k3v9", offset: 4 }, waiting: 1, known: true, recovered: true },
  },
  inbox_ack: {
    title: "Say up to where this device has processed its inbox",
    section: "9",
    call: { position: { epoch: "k3v9", offset: 5 } },
    result: { cursor: { epoch: "k3v9", offset: 5 } },
  },
  refresh: {
    title: "Go on with a new token",
    section: "10",
    call: { token: "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl" },
    result: { expiresAt: 1767229200000 },
  },
};

export const EVENT_TEXTS: {
  readonly [E in ServerEventName]: {
    title: string;
    section: string;
    argument: Parameters<ServerEvents[E]>[0];
  };
} = {
  welcome: {
    title: "Who one is",
    section: "2",
    argument: {
      user: "ada",
      name: "Ada",
      sid: "a1",
      device: "phone",
      guest: false,
      expiresAt: 1767229200000,
      messageBytes: 65536,
    },
  },
  message: {
    title: "A message that was published to a room",
    section: "4",
    argument: {
      room: "lobby",
      id: "m2",
      position: { epoch: "k3v9", offset: 18 },
      from: { user: "ada", name: "Ada", sid: "a1", transport: "bridge" },
      data: { text: "Hello" },
      at: 1767225601000,
    },
  },
  signal: {
    title: "A signal to those who are in a room",
    section: "7",
    argument: {
      room: "lobby",
      from: { user: "ada", name: "Ada", sid: "a1", transport: "bridge" },
      data: { typing: true },
      at: 1767225601500,
    },
  },
  presence: {
    title: "Somebody came to a room, changed in it, or went",
    section: "8",
    argument: { room: "lobby", type: "leave", member: { user: "ben", name: "Ben", devices: [] } },
  },
  inbox: {
    title: "An item of one's inbox",
    section: "9",
    argument: {
      type: "receipt",
      id: "d1",
      position: { epoch: "k3v9", offset: 5 },
      from: { user: "ben" },
      at: 1767225603000,
    },
  },
  device_taken: {
    title: "Another connection of this device has come",
    section: "2",
    argument: { sid: "a2" },
  },
  device_returned: {
    title: "This connection is the device's newest again",
    section: "2",
    argument: {},
  },
  token_renewed: {
    title: "A guest's newer token",
    section: "2",
    argument: {
      token: "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJndWVzdCJ9.c2lnbmF0dXJl",
      sid: "6azva2bURYFBMd-WAAAD",
      device: "bens-tablet",
    },
  },
  token_expiring: {
    title: "The token runs out soon",
    section: "10",
    argument: { expiresAt: 1767229200000 },
  },
  session_end: {
    title: "The session ends now",
    section: "10",
    argument: {
      error: { code: "token_expired", message: "The token has expired. Get a new one.", retryable: false },
    },
  },
};
