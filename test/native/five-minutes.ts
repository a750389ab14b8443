/** The section `## Five minutes` of an SDK's README (docs/sdk.md, 5.2), taken apart. Pure. */

export interface FiveMinutes {
  /** What there is to do, in order. */
  readonly steps: readonly (
    | { readonly do: "write"; readonly file: string; readonly content: string }
    | { readonly do: "type"; readonly commands: string }
  )[];
  /** What the last commands print. */
  readonly prints: readonly string[];
}

/** @throws Error where the section is missing, or nothing is to be typed or printed. */
export function fiveMinutes(readme: string): FiveMinutes {
  const section = /^## Five minutes$(.*?)(?=^## |(?![\s\S]))/ms.exec(readme)?.[1];
  if (section === undefined) throw new Error("the README has no section ## Five minutes");
  const blocks = [...section.matchAll(/^```(\S+)(?: +(\S+))?\n(.*?)^```$/gms)];
  const steps = blocks.flatMap(([, language, file, content = ""]): FiveMinutes["steps"] => {
    if (file !== undefined) return [{ do: "write", file, content }];
    return language === "sh" ? [{ do: "type", commands: content }] : [];
  });
  const printed = blocks.filter(([, language]) => language === "text").at(-1)?.[3] ?? "";
  const prints = printed.split("\n").filter((line) => line !== "");
  if (!steps.some((step) => step.do === "type")) throw new Error("there is nothing to type");
  if (prints.length === 0) throw new Error("it does not say what is printed");
  return { steps, prints };
}
