/** The compiler, the linter and the formatter over all sources, a check each: what runs the tests looks at none of it. */
import { type Step, PROJECT } from "./native/sdks.js";
import { runStep } from "./native/steps.js";
import { verdict } from "./native/verdict.js";
import { type Counts, sum } from "./setup/counts.js";

type Say = (line: string) => void;

const npm = (script: string): Step => ({ program: "npm", args: ["run", "--silent", script] });

/** Half a minute where nothing was built before. */
export function checkTypes(say: Say): Promise<Counts> {
  return check("The compiler", "typecheck", say);
}

/** What is not to be seen in a type. */
export async function checkStyle(say: Say): Promise<Counts> {
  return sum([await check("The linter", "lint", say), await check("The formatter", "format:check", say)]);
}

async function check(title: string, script: string, say: Say): Promise<Counts> {
  const trouble = await runStep(npm(script), PROJECT);
  return verdict(say, title, trouble, { good: "finds nothing", bad: "finds faults" });
}
