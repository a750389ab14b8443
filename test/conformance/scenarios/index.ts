/** The list of scenarios: rows of the matrix. */
import type { Theme } from "../scenario.js";
import { connecting } from "./connecting.js";
import { events } from "./events.js";
import { inbox } from "./inbox.js";
import { proxies } from "./proxies.js";
import { publishing } from "./publishing.js";
import { recovery } from "./recovery.js";
import { rooms } from "./rooms.js";
import { sessions } from "./sessions.js";
import { strain } from "./strain.js";
import { together } from "./together.js";
import { values } from "./values.js";

export const THEMES: readonly Theme[] = [
  connecting,
  events,
  values,
  rooms,
  recovery,
  publishing,
  inbox,
  sessions,
  proxies,
  strain,
  together,
];
