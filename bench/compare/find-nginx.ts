/** Where nginx is, or what to do without it. */
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/**
 * Returns the program's path. Where there is none it says so in one line, and the table of proxies is left out.
 * @param named The path of the only one that is to be looked at.
 */
export function findNginx(
  say: (line: string) => void,
  named = process.env["NGINX_PATH"],
): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin"];
  const candidates =
    named !== undefined && named !== ""
      ? [named]
      : folders.filter((folder) => folder !== "").map((folder) => join(folder, "nginx"));
  const found = candidates.find(isProgram);
  if (found === undefined)
    say("The table of proxies is left out: nginx is missing (Debian: apt-get install nginx-light).");
  return found;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false; // absent or not executable
  }
}
