/** All themes, in the order of the matrix. */
import type { Theme } from "../scenario.js";
import { endClusterFleet } from "../support/cluster-fleet.js";
import { acks } from "./acks.js";
import { attaching } from "./attaching.js";
import { binary } from "./binary.js";
import { broadcasts } from "./broadcasts.js";
import { compression } from "./compression.js";
import { ends } from "./ends.js";
import { engine } from "./engine.js";
import { events } from "./events.js";
import { fleets } from "./fleets.js";
import { handshakes } from "./handshake.js";
import { middlewares } from "./middlewares.js";
import { moments } from "./moments.js";
import { namespaces } from "./namespaces.js";
import { parsers } from "./parsers.js";
import { recovery } from "./recovery.js";
import { sockets } from "./sockets.js";
import { watchers } from "./watchers.js";

export const THEMES: readonly Theme[] = [
  { title: "middlewares", scenarios: middlewares },
  { title: "namespaces", scenarios: namespaces },
  { title: "handshake", scenarios: handshakes },
  { title: "events", scenarios: events },
  { title: "acks", scenarios: acks },
  { title: "broadcasts", scenarios: broadcasts },
  { title: "the server's socket", scenarios: sockets },
  { title: "who looks at the packets", scenarios: watchers },
  { title: "ends", scenarios: ends },
  { title: "awkward moments", scenarios: moments },
  { title: "binary", scenarios: binary },
  { title: "compression", scenarios: compression },
  { title: "the engine", scenarios: engine },
  { title: "connection state recovery", scenarios: recovery },
  { title: "custom parsers", scenarios: parsers },
  { title: "attaching", scenarios: attaching },
  { title: "several nodes", scenarios: fleets, end: endClusterFleet },
];
