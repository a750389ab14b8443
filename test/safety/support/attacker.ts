/** The attackers' own process: begins the attack of the list that the command line names, says so, and goes on until it is killed. */
import { ATTACKS } from "./attacks.js";

const [index, url = "", localAddress = "", forwardedFor = ""] = process.argv.slice(2);
const attack = ATTACKS[Number(index)]?.attack;
if (attack === undefined || process.send === undefined) throw new Error("to be started by neighbours.ts");

// Whatever becomes of the server or of its connections, it is not for the attackers to say.
process.on("uncaughtException", () => undefined);
process.on("disconnect", () => process.exit());
await attack({
  url,
  localAddress: localAddress === "" ? undefined : localAddress,
  headers: { "x-forwarded-for": forwardedFor },
});
process.send("begun");
