import { expect } from "chai";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { backoffDelay } from "../../clients/typescript/src/backoff.js";

const settings = { reconnectionDelay: 1000, reconnectionDelayMax: 5000, randomizationFactor: 0.5 };

interface Theirs {
  Backoff: new (options: { min: number; max: number; jitter: number }) => { duration(): number };
}

describe("client: backoff", () => {
  it("doubles from the first delay up to the maximum", () => {
    const calm = { ...settings, randomizationFactor: 0 };
    const delays = [0, 1, 2, 3, 4].map((attempt) => backoffDelay(attempt, calm, 0.3));
    expect(delays).to.deep.equal([1000, 2000, 4000, 5000, 5000]);
  });

  it("is socket.io-client's for the same random numbers", async () => {
    const path = join(process.cwd(), "node_modules/socket.io-client/build/esm/contrib/backo2.js");
    const { Backoff } = (await import(pathToFileURL(path).href)) as Theirs;
    const { random } = Math;
    try {
      for (let luck = 0; luck < 1; luck += 0.037) {
        Math.random = () => luck;
        const theirs = new Backoff({ min: 1000, max: 5000, jitter: 0.5 });
        for (let attempt = 0; attempt < 20; attempt++) {
          expect(backoffDelay(attempt, settings, luck)).to.equal(theirs.duration());
        }
      }
    } finally {
      Math.random = random;
    }
  });

  it("stays at the maximum however many attempts were made", () => {
    for (const luck of [0, 0.21, 0.5, 0.99]) expect(backoffDelay(5000, settings, luck)).to.equal(5000);
  });

  it("takes a factor that is out of range for none", () => {
    expect(backoffDelay(0, { ...settings, randomizationFactor: 7 }, 0.9)).to.equal(1000);
  });
});
