/** Where the page's server is: below the path that the page itself came from, as a proxy may have it below one. */

/** Ends with a slash. */
const folder = new URL(".", location.href);

/** Path and query of something on the server, named without a slash at its beginning. */
export function serverPath(name: string): string {
  const { pathname, search } = new URL(name, folder);
  return pathname + search;
}
