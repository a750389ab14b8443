/** How much of each is measured: in a whole run, and in one that only shows that it works. */
import type { Settings } from "./settings.js";

type Size = Omit<Settings, "subjects" | "only" | "nginx" | "folder" | "loseOne">;

export const FULL: Size = {
  settle: 1_500,
  ...{ steady: 60, proxied: 30, fast: 400, firsts: 3, sends: 20, bursts: 5 },
  ...{ rounds: 7, cpuClients: 100, cpuWindow: 500, idleClients: 1_000, idleWindow: 26_000 },
  ...{ instances: 3, cut: 5_000, peace: 10_000 },
};

export const SHORT: Size = {
  settle: 400,
  ...{ steady: 3, proxied: 2, fast: 40, firsts: 1, sends: 3, bursts: 1 },
  ...{ rounds: 1, cpuClients: 3, cpuWindow: 200, idleClients: 5, idleWindow: 300 },
  ...{ instances: 1, cut: 400, peace: 2_000 },
};
