/** docs/openapi.json. `UPDATE_DOCS=1 npm test -- test/server/http-api/openapi.test.ts` writes it anew. */
import { Validator } from "@seriousme/openapi-schema-validator";
import { expect } from "chai";
import { readFileSync, writeFileSync } from "node:fs";
import { format, resolveConfig } from "prettier";
import { openApiDocument } from "../../../server/http-api/openapi.js";
import { OPERATIONS } from "../../../server/http-api/operations.js";
import { Api } from "./support/api.js";

const PATH = "docs/openapi.json";

interface Described {
  operationId: string;
  responses: Record<string, unknown>;
}

interface Document {
  paths: Record<string, Record<string, Described>>;
  components: { schemas: Record<string, object> };
}

function read(): Document {
  return JSON.parse(readFileSync(PATH, "utf8")) as Document;
}

async function generate(): Promise<string> {
  const { version } = JSON.parse(readFileSync("server/package.json", "utf8")) as { version: string };
  return format(JSON.stringify(openApiDocument(version)), { ...(await resolveConfig(PATH)), filepath: PATH });
}

describe(PATH, () => {
  before(async () => {
    if (process.env["UPDATE_DOCS"] === "1") writeFileSync(PATH, await generate());
  });

  it("is what the declarations make of it, and what a server answers", async () => {
    expect(readFileSync(PATH, "utf8")).to.equal(await generate());
    const api = await Api.start();
    const { body } = await api.ask("/openapi.json", { key: null });
    expect(body).to.deep.equal(read());
    await api.close();
  });

  it("is valid OpenAPI 3.1", async () => {
    const validator = new Validator();
    const { valid, errors } = await validator.validate(read() as object as Record<string, unknown>);
    expect(valid, JSON.stringify(errors)).to.equal(true);
    expect(validator.version).to.equal("3.1");
    const wrong = { ...read(), paths: { "/x": { get: { responses: 1 } } } };
    expect((await new Validator().validate(wrong)).valid).to.equal(false);
  });

  it("refers only to what it has, and has nothing that nobody refers to", () => {
    const text = readFileSync(PATH, "utf8");
    const references = new Set(
      [...text.matchAll(/"\$ref": "#\/components\/schemas\/([^"]*)"/g)].map(([, to]) => to),
    );
    expect(Object.keys(read().components.schemas)).to.have.members([...references]);
  });

  it("has every operation, and itself", () => {
    const described = Object.entries(read().paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(
        ([method, { operationId }]) => `${method.toUpperCase()} ${path} ${operationId}`,
      ),
    );
    const declared = OPERATIONS.map(({ method, path, id }) => `${method} ${path} ${id}`);
    expect(described).to.have.members([...declared, "GET /openapi.json openapi"]);
  });
});
