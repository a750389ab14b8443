import { expect } from "chai";
import fc from "fast-check";
import { type KeptClock, StoreClock } from "../../server/store/store-clock.js";
import { SEED } from "../support/random.js";
import { DAY, MINUTE, TestOptions } from "./support/options.js";

const HOUR = 60 * MINUTE;
const WEEK = 7 * DAY;

describe("the clock of a store", () => {
  let options: TestOptions;
  let clock: StoreClock;

  beforeEach(() => {
    options = new TestOptions();
    start();
  });

  /** As a restart of the server, with what the clock before it kept. */
  function start(kept?: KeptClock): void {
    const { now: wall, uptime } = options;
    clock = new StoreClock({ wall, uptime, boot: options.boot }, kept);
  }

  const restart = () => start(JSON.parse(JSON.stringify(clock.keep())) as KeptClock);

  /** The machine is down for so long. */
  function reboot(milliseconds: number, wrong = 0): void {
    const kept = JSON.parse(JSON.stringify(clock.keep())) as KeptClock;
    options.time += milliseconds;
    options.wrong = wrong;
    options.started = options.time;
    options.boot += "'";
    start(kept);
  }

  /** Time goes by, and somebody asks for it every now and then. */
  function wait(milliseconds: number): void {
    const step = milliseconds / 10;
    for (let count = 0; count < 10; count++) {
      options.time += step;
      clock.now();
    }
  }

  /** How old the clock takes what has this stamp for, in minutes. */
  function ageOf(stamp: number): number {
    let minutes = 0;
    while (clock.cutoff((minutes + 1) * MINUTE) >= stamp) minutes += 1;
    return minutes;
  }

  it("begins with the wall clock, and goes on with the uptime whatever the wall clock is set to", () => {
    const begin = clock.now();
    expect(begin).to.equal(options.time);
    for (const wrong of [0, WEEK, -WEEK, 0]) {
      options.wrong = wrong;
      wait(MINUTE);
    }
    expect(clock.now()).to.equal(begin + 4 * MINUTE);
    expect(ageOf(begin)).to.equal(4);
  });

  it("goes on over a restart while the machine is up, whatever the wall clock is set to meanwhile", () => {
    const begin = clock.now();
    const kept = clock.keep();
    options.time += HOUR;
    options.wrong = WEEK;
    start(kept);
    expect(ageOf(begin)).to.equal(60);
    wait(2 * HOUR);
    expect(ageOf(begin)).to.equal(180);
  });

  it("believes that the machine was down once the wall clock has gone on evenly for an hour", () => {
    const begin = clock.now();
    reboot(DAY);
    const since = clock.now();
    wait(59 * MINUTE);
    expect([ageOf(begin), ageOf(since)]).to.deep.equal([59, 59]);
    wait(2 * MINUTE);
    expect([ageOf(begin), ageOf(since)]).to.deep.equal([24 * 60 + 61, 61]);
  });

  it("does not believe a wall clock that was wrong when the machine started and was set right then", () => {
    const begin = clock.now();
    reboot(MINUTE, WEEK);
    wait(30 * MINUTE);
    options.wrong = 0;
    wait(2 * HOUR);
    expect(ageOf(begin)).to.equal(151);
  });

  it("takes no set-back clock for time that went by, if the machine is restarted before it is set right", () => {
    const begin = clock.now();
    wait(MINUTE);
    options.wrong = -WEEK;
    wait(MINUTE);
    reboot(0);
    wait(2 * HOUR);
    expect(ageOf(begin)).to.equal(122);
  });

  it("does not forget over restarts that it is in doubt", () => {
    const begin = clock.now();
    reboot(DAY);
    for (let count = 0; count < 10; count++) {
      wait(10 * MINUTE);
      restart();
    }
    expect(ageOf(begin)).to.equal(100);
    wait(2 * HOUR);
    expect(ageOf(begin)).to.equal(24 * 60 + 220);
  });

  it("says of every stamp how old it is, however often the machine was down, if it was up for an hour between", () => {
    const step = fc.record({ down: fc.boolean(), minutes: fc.integer({ min: 1, max: 500 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), fc.integer({ min: 0, max: 3_000 }), (steps, minutes) => {
        options = new TestOptions();
        start();
        const stamps: { stamp: number; time: number }[] = [];
        const stamp = () => stamps.push({ stamp: clock.now(), time: options.time });
        stamp();
        for (const { down, minutes: length } of steps) {
          if (down) reboot(length * MINUTE);
          else wait(length * MINUTE);
          stamp();
          if (down) wait(2 * HOUR);
        }
        wait(10 * HOUR);
        const age = minutes * MINUTE;
        for (const { stamp: at, time } of stamps) {
          expect(at <= clock.cutoff(age)).to.equal(options.time - time >= age);
        }
      }),
      { seed: SEED, numRuns: 300 },
    );
  });

  describe("tells what the wall clock would say, had it not been set", () => {
    it("for an hour, and then believes it", () => {
      for (const wrong of [WEEK, -WEEK]) {
        const right = clock.wall() - clock.now();
        options.wrong += wrong;
        wait(HOUR / 2);
        expect(clock.wall() - clock.now()).to.equal(right);
        wait(HOUR);
        expect(clock.wall()).to.equal(options.now());
      }
    });

    it("and goes with it in small steps", () => {
      for (let step = 0; step < 20; step++) {
        options.wrong -= 5_000;
        wait(MINUTE);
      }
      expect(clock.wall()).to.equal(options.now());
    });

    it("over a restart, and is no earlier after the machine was down", () => {
      options.wrong = -WEEK;
      restart();
      expect(clock.wall()).to.equal(options.time);
      reboot(DAY, -WEEK);
      expect(clock.wall()).to.be.at.least(options.time - DAY);
      reboot(DAY);
      expect(clock.wall()).to.be.at.least(options.time);
    });
  });
});
