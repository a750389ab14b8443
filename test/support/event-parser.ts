/** Reads what a session over HTTP sends (PROTOCOL.md, 12.5). It shares no code with the bridge. */

export interface ServerEvent {
  /** `frame` for one without a name. */
  readonly name: string;
  readonly data: string;
}

export class EventParser {
  #text = "";

  /** The events that are complete with this. */
  read(text: string): ServerEvent[] {
    this.#text += text;
    const blocks = this.#text.split("\n\n");
    this.#text = blocks.pop() ?? "";
    return blocks.flatMap((block) => {
      let name = "frame";
      let data: string | undefined;
      for (const line of block.split("\n")) {
        if (line.startsWith("event: ")) name = line.slice(7);
        else if (line.startsWith("data: ")) data = line.slice(6);
        else if (!line.startsWith(":")) throw new Error(`no line of an event: ${JSON.stringify(line)}`);
      }
      return data === undefined ? [] : [{ name, data }];
    });
  }

  /** What is not complete. */
  get rest(): string {
    return this.#text;
  }
}
