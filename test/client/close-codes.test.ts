import { expect } from "chai";
import { CLOSE_CODES, REFUSALS } from "../../bridge/close-codes.js";
import { REFUSALS as KNOWN_REFUSALS } from "../../clients/typescript/src/http/answers.js";
import { mayRetryUpgrade, shouldReconnect } from "../../clients/typescript/src/close-codes.js";

describe("client: close codes", () => {
  for (const { code, reconnect, description } of Object.values(CLOSE_CODES)) {
    it(`agrees with the bridge about ${code}: ${description}`, () => {
      expect(shouldReconnect(code)).to.equal(reconnect);
    });
  }

  it("follows the ranges of PROTOCOL.md 8.2 for codes that are not in the table", () => {
    expect([4000, 4001, 4499].map(shouldReconnect)).to.deep.equal([false, false, false]);
    expect([4500, 4999].map(shouldReconnect)).to.deep.equal([true, true]);
    expect([1001, 1005, 1011, 1012, 3000, 3999].every(shouldReconnect)).to.equal(true);
  });

  it("knows the codes of refusals (1.3)", () => {
    expect([...KNOWN_REFUSALS]).to.deep.equal(Object.values(REFUSALS).map(({ code }) => code));
  });

  it("does not retry an upgrade that was refused with 400, 401 or 403, and retries after 429 and 503", () => {
    for (const { status } of Object.values(REFUSALS)) {
      expect(mayRetryUpgrade(status), String(status)).to.equal(status === 429 || status === 503);
    }
    expect(mayRetryUpgrade(undefined)).to.equal(true);
  });
});
