/** Lines of a text that comes in pieces. Pure. */

/** Takes the pieces; `onLine` gets each line without its end. */
export function lineReader(onLine: (line: string) => void): (piece: string) => void {
  let rest = "";
  return (piece) => {
    const lines = (rest + piece).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) onLine(line);
  };
}
