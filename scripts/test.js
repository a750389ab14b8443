// npm test: without arguments all of it, built and with the machine made ready. With arguments only what they name: nothing is
// installed, and only what was saved since is made anew. `--watch` before them runs them again after every save.
import { spawn, spawnSync } from "node:child_process";
import { compile, CompileError, compileOnSave } from "./compile.js";

const [first, ...rest] = process.argv.slice(2);
const RUN = "dist/test/run.js";

if (first === "--watch") {
  if (rest.length === 0) {
    process.stderr.write(
      "npm run test:watch -- FILE...: say which tests are to be run, for example test/unit/codec.test.ts\n",
    );
    process.exit(2);
  }
  let running;
  await compileOnSave(() => {
    running?.kill();
    running = spawn(process.execPath, [RUN, ...rest], { stdio: "inherit" });
  });
} else {
  try {
    await compile();
    process.exitCode = run([RUN, ...process.argv.slice(2)]);
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    process.exitCode = 1; // esbuild has said why
  }
}

/** Returns the exit status. */
function run(args) {
  return spawnSync(process.execPath, args, { stdio: "inherit" }).status ?? 1;
}
