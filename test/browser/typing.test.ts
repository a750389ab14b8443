import { expect } from "chai";
import { EXPIRY, REPEAT, TypingBoard, typingText } from "../../clients/demo/typing.js";

describe("the demo's signs of typing", () => {
  let now: number;
  let board: TypingBoard;

  beforeEach(() => {
    now = 1_000;
    board = new TypingBoard(() => now);
  });

  it("count until their time is over", () => {
    board.heard("ada", "Ada", true);
    expect(board.nextExpiry()).to.equal(EXPIRY);
    now += EXPIRY - 1;
    expect(board.names()).to.deep.equal(["Ada"]);
    now += 1;
    expect(board.names()).to.deep.equal([]);
    expect(board.nextExpiry()).to.be.undefined;
  });

  it("count on while they are repeated", () => {
    expect(REPEAT).to.be.below(EXPIRY);
    board.heard("ada", "Ada", true);
    now += REPEAT;
    board.heard("ada", "Ada", true);
    now += EXPIRY - 1;
    expect(board.names()).to.deep.equal(["Ada"]);
  });

  it("end when somebody stops", () => {
    board.heard("ada", "Ada", true);
    board.heard("ben", "Ben", true);
    board.heard("ada", "Ada", false);
    expect(board.names()).to.deep.equal(["Ben"]);
  });

  it("are put in words for one, two and many", () => {
    expect(typingText([])).to.equal("");
    expect(typingText(["Ada"])).to.equal("Ada is typing …");
    expect(typingText(["Ada", "Ben"])).to.equal("Ada and Ben are typing …");
    expect(typingText(["Ada", "Ben", "Cleo"])).to.equal("Several people are typing …");
  });
});
