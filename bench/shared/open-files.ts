/** How many connections one process may have: each is an open file. */

/** Open files that a process needs beside its connections, with room to spare. */
const OTHER_FILES = 200;

/** Of this process, and of those that it starts. Node.js raises its own soft limit to the hard one as it starts. */
export function maxConnections(): number {
  const report = process.report.getReport() as {
    userLimits?: { open_files?: { soft: number | "unlimited" } };
  };
  const limit = report.userLimits?.open_files?.soft;
  return typeof limit === "number" ? limit - OTHER_FILES : Infinity;
}
