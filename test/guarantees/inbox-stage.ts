/** What the guarantees of the inbox are tried with. */
import type { InboxItem, InboxOpened, Sent } from "../../server/index.js";
import type { Protocol, TestClient } from "../server/support/clients.js";
import { call, World, type Position } from "./world.js";

export const send = (client: TestClient, to: string, data: unknown, more: object = {}): Promise<Sent> =>
  call<Sent>(client, "send", { to, data, ...more });

export const open = (client: TestClient, since?: Position): Promise<InboxOpened> =>
  call<InboxOpened>(client, "inbox", since === undefined ? {} : { since });

export const processed = (client: TestClient, { position }: { position: Position }): Promise<unknown> =>
  call(client, "inbox_ack", { position });

export async function takeItems(client: TestClient, count: number): Promise<InboxItem[]> {
  const items: InboxItem[] = [];
  while (items.length < count) items.push((await client.nextEvent("inbox")) as InboxItem);
  return items;
}

export const dataOf = (items: readonly InboxItem[]): unknown[] =>
  items.map((item) => (item.type === "message" ? item.data : item.type));

export const itemsLeft = (client: TestClient): number =>
  client.frames.left.filter((frame) => frame.type === "event" && frame.event === "inbox").length;

/** Ada, who sends, and Ben, who comes and goes with his devices. */
export interface InboxStage {
  readonly world: World;
  readonly ada: TestClient;
  readonly ben: { user: string; token: string };
  /** Ben, on one of his devices. */
  readonly enterBen: (device: string) => Promise<TestClient>;
}

export async function startStage(
  protocol: Protocol,
  options: ConstructorParameters<typeof World>[0] = {},
): Promise<InboxStage> {
  const world = await new World(options).start();
  const ada = await world.enter(protocol, { device: "ada" });
  const first = await world.enter(protocol);
  const ben = { user: first.self!.user, token: first.self!.token! };
  first.close();
  return { world, ada, ben, enterBen: (device) => world.enter(protocol, { token: ben.token, device }) };
}
