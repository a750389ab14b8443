/** What each manifest says of the same release, and where its sources are: in all languages. */
import { expect } from "chai";
import { readFileSync } from "node:fs";
import { manifestOf } from "./support/packed.js";

const { version } = manifestOf("crossroom");
const REPOSITORY = "https://github.com/crossroom/crossroom";

const OF_MAVEN =
  /<groupId>dev\.crossroom<\/groupId>\s*<artifactId>.*<\/artifactId>\s*<version>([^$<]*)<\/version>/g;

/** Every version in these files that is one of the release, by what stands around it. */
const VERSIONS: Readonly<Record<string, RegExp>> = {
  "bridge/package.json": /"version": "(.*)"/g,
  "clients/typescript/package.json": /"version": "(.*)"/g,
  "clients/demo/package.json": /"(?:version|@crossroom\/client|crossroom)": "(.*)"/g,
  "server/package.json": /"(?:version|@crossroom\/bridge|@crossroom\/client)": "(.*)"/g,
  "clients/rust/Cargo.toml": /^version = "(.*)"$/gm,
  "clients/rust/agent/Cargo.toml": /^version = "(.*)"$/gm,
  "clients/rust/README.md": /^version = "(.*)"$/gm,
  "clients/kotlin/pom.xml": OF_MAVEN,
  "clients/kotlin/client/pom.xml": OF_MAVEN,
  "clients/kotlin/agent/pom.xml": OF_MAVEN,
  "clients/kotlin/examples/chat/pom.xml": OF_MAVEN,
  "clients/kotlin/README.md": OF_MAVEN,
  "clients/swift/README.md": /crossroom", from: "(.*?)"/g,
};

const SOURCES: Readonly<Record<string, RegExp>> = {
  "clients/rust/Cargo.toml": /^repository = "(.*)"$/m,
  "clients/kotlin/pom.xml": /<repository\.url>(.*)<\/repository\.url>/,
  "clients/swift/README.md": /\.package\(url: "(.*?)"/,
};

describe("the manifests of a release", () => {
  for (const [file, pattern] of Object.entries(VERSIONS)) {
    it(`are of one version: ${file}`, () => {
      const found = [...readFileSync(file, "utf8").matchAll(pattern)].map(([, one]) => one);
      expect(found).to.not.be.empty;
      expect([...new Set(found)]).to.deep.equal([version]);
    });
  }

  for (const [file, pattern] of Object.entries(SOURCES)) {
    it(`name one place of the sources: ${file}`, () => {
      expect(pattern.exec(readFileSync(file, "utf8"))?.[1]).to.equal(REPOSITORY);
    });
  }
});
