import { Ajv } from "ajv";
import { expect } from "chai";
import { readFileSync } from "node:fs";
import { readVectors, type ClientFrameVector, type ServerFrameVector } from "../support/vectors.js";

describe("docs/frames.schema.json", () => {
  const ajv = new Ajv({ strict: true, allowUnionTypes: true });
  ajv.addSchema(JSON.parse(readFileSync("docs/frames.schema.json", "utf8")) as object, "frames");
  const validates = (definition: string, frame: unknown): boolean => {
    const validate = ajv.getSchema(`frames#/definitions/${definition}`);
    if (validate === undefined) throw new Error(`no definition ${definition}`);
    return validate(frame) as boolean;
  };

  for (const { name, text, error } of readVectors<ClientFrameVector>("client-frames")) {
    // What is not JSON has no shape, and depth is not for a schema to say.
    if (error === "invalid_json" || error === "too_deep") continue;
    it(`${error === undefined ? "accepts" : "refuses"} from a client: ${name}`, () => {
      expect(validates("clientFrame", JSON.parse(text))).to.equal(error === undefined);
    });
  }

  for (const { name, text, ignored } of readVectors<ServerFrameVector>("server-frames")) {
    it(`${ignored ? "does not know" : "accepts"} from a server: ${name}`, () => {
      expect(validates("serverFrame", JSON.parse(text))).to.equal(ignored !== true);
    });
  }
});
