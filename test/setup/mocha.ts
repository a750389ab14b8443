/** Runs mocha over the compiled tests, in a process of its own, and counts from what its reporter writes. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { createInterface } from "node:readline";
import { type Counts, failure } from "./counts.js";
import type { Report } from "./reporter.js";

/** Milliseconds that one test may take, unless it says otherwise. */
const TEST_TIMEOUT = 20_000;

/** The folder of the compiled tests: the one that this file's own folder is in. */
const TESTS = resolve(import.meta.dirname, "..");

export interface MochaRun {
  /** The Node that runs it. Default: the one that runs this. */
  readonly program?: string;
  /** Beside the environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Whether what it prints is said line by line. Otherwise it prints itself, in colour. */
  readonly isSaid?: boolean;
  /** Whether stack traces have the lines of the sources, which costs some time. */
  readonly hasTraces?: boolean;
}

/**
 * Runs mocha with `args` after the runner's own. Those that name test files (`test/x.test.ts` or its compiled form) or folders of
 * tests (`test/parity`) take the place of all tests; the others go to mocha as they are.
 */
export async function runMocha(
  args: readonly string[],
  say: (line: string) => void,
  { program = process.execPath, env, isSaid = false, hasTraces = false }: MochaRun = {},
): Promise<Counts> {
  const folder = mkdtempSync(join(tmpdir(), "crossroom-test-"));
  try {
    const output = join(folder, "report.json");
    const traces = hasTraces ? ["--enable-source-maps"] : [];
    const child = spawn(program, [...traces, mochaProgram(), ...mochaArgs(args, output)], {
      stdio: isSaid ? ["ignore", "pipe", "pipe"] : "inherit",
      env: { ...process.env, ...env },
    });
    for (const stream of [child.stdout, child.stderr]) {
      if (stream !== null) createInterface({ input: stream }).on("line", say);
    }
    const [status, signal] = (await once(child, "close")) as [number | null, string | null];
    return countsOf(readReport(output), signal ?? status, say);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Arguments that name all tests in these folders of test/, but for some files. */
export function testsIn(folders: readonly string[], without: readonly string[] = []): string[] {
  const root = relative(process.cwd(), TESTS);
  return [
    ...without.map((file) => `--ignore=${join(root, file)}.test.js`),
    ...folders.map((folder) => join(root, folder, "**", "*.test.js")),
  ];
}

/** Arguments that name all tests but those in these folders of test/, and in some files. */
export function allTestsBut(folders: readonly string[], files: readonly string[] = []): string[] {
  const root = relative(process.cwd(), TESTS);
  return [...folders.map((folder) => join(folder, "**")), ...files.map((file) => `${file}.test.js`)].map(
    (path) => `--ignore=${join(root, path)}`,
  );
}

/** The command line of mocha. */
export function mochaArgs(args: readonly string[], output: string): string[] {
  const files = args.filter(namesTests).map(compiled);
  return [
    ...["--timeout", String(TEST_TIMEOUT), "--forbid-only"],
    ...["--require", join(TESTS, "setup", "hooks.js")],
    ...["--reporter", join(TESTS, "setup", "reporter.js"), "--reporter-option", `output=${output}`],
    ...args.filter((arg) => !namesTests(arg)),
    ...(files.length === 0 ? [join(relative(process.cwd(), TESTS), "**", "*.test.js")] : files),
  ];
}

/** What mocha's report and its end (exit status or signal) count for. A report that is missing is a failure. */
export function countsOf(
  report: Report | undefined,
  end: number | string | null,
  say: (line: string) => void,
): Counts {
  if (report === undefined) {
    say(`mocha did not get to the end of the tests (it ended with ${end ?? "nothing"})`);
    return failure("mocha itself");
  }
  for (const title of report.skipped) say(`Skipped: ${title}`);
  const failing = [...report.failed];
  let failed = report.failures;
  if (report.leftOpen.length > 0) {
    say(`The tests did not end by themselves; left open: ${report.leftOpen.join(", ")}`);
    failed += 1;
    failing.push("a handle is left open");
  } else if (end !== 0 && failed === 0) {
    say(`mocha ended with ${end ?? "nothing"} after its tests had passed`);
    failed = 1;
    failing.push("mocha's end");
  }
  return { passed: report.passes, failed, skipped: report.pending, ...(failing.length > 0 && { failing }) };
}

function mochaProgram(): string {
  return createRequire(import.meta.url).resolve("mocha/bin/mocha.js");
}

function readReport(path: string): Report | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Report;
  } catch {
    return undefined; // mocha died before it wrote the report, or while it did; countsOf says so
  }
}

function namesTests(arg: string): boolean {
  return !arg.startsWith("-") && (/\.test\.[jt]s$/.test(arg) || isTestFolder(arg));
}

function isTestFolder(arg: string): boolean {
  return /^test([/\\]|$)/.test(arg) && statSync(arg, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** `test/a.test.ts` and `test/a` name sources; what runs is their compiled form beside this file's. */
function compiled(path: string): string {
  if (path.endsWith(".js")) return path;
  const place = join(TESTS, relative("test", path));
  return isTestFolder(path) ? join(place, "**", "*.test.js") : place.replace(/\.ts$/, ".js");
}
