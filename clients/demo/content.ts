/** What is in a message: a text, a picture, or any other data, which is shown as JSON. Pure. */
import { isRecord } from "./values.js";

/** What the page writes. */
export interface Content {
  readonly text: string;
  /** A picture, as a `data:` URL: a text, so that it can be kept where only texts can. */
  readonly picture?: string;
}

/** What the page shows. */
export interface ShownContent extends Content {
  /** Whether `text` is one, and not data. */
  readonly isText: boolean;
}

/** Pictures that a browser draws and that cannot carry a script. */
export const PICTURE_TYPES: readonly string[] = [
  "image/png",
  "image/jpeg",
  "image/webp",
  "image/gif",
  "image/avif",
];

const PICTURE_URL = /^data:(image\/\w+);base64,/;

/** The data of a message, as it is published: a picture goes as binary. */
export function dataOf({ text, picture }: Content): unknown {
  if (picture === undefined) return text;
  const [head = "", type = ""] = PICTURE_URL.exec(picture) ?? [];
  const binary = atob(picture.slice(head.length));
  const image = Uint8Array.from(binary, (character) => character.charCodeAt(0));
  return text === "" ? { image, type } : { image, type, text };
}

/** A message's data, whoever sent it and with whatever client. */
export function contentOf(data: unknown): ShownContent {
  if (typeof data === "string") return { text: data, isText: true };
  const picture = pictureIn(data);
  if (picture === undefined) return { text: JSON.stringify(data, readable, 2), isText: false };
  const text = isRecord(data) && typeof data["text"] === "string" ? data["text"] : "";
  return { text, isText: true, picture };
}

/** Whether a value that was kept is a picture that may be shown. */
export function isPicture(value: unknown): value is string {
  const type = typeof value === "string" ? PICTURE_URL.exec(value)?.[1] : undefined;
  return type !== undefined && PICTURE_TYPES.includes(type);
}

export function pictureUrl(type: string, bytes: Uint8Array): string {
  let binary = "";
  // In parts: a function takes only so many arguments.
  for (let at = 0; at < bytes.length; at += 8_192) {
    binary += String.fromCharCode(...bytes.subarray(at, at + 8_192));
  }
  return `data:${type};base64,${btoa(binary)}`;
}

/** Made once of each picture: a list is drawn often. */
const urls = new WeakMap<object, string>();

function pictureIn(data: unknown): string | undefined {
  if (!isRecord(data)) return undefined;
  const { image, type } = data;
  const bytes = bytesOf(image);
  if (bytes === undefined || typeof type !== "string" || !PICTURE_TYPES.includes(type)) return undefined;
  const known = urls.get(data);
  if (known !== undefined) return known;
  const url = pictureUrl(type, bytes);
  urls.set(data, url);
  return url;
}

/** Binary data is an ArrayBuffer or a view of one, as the client has it. */
function bytesOf(value: unknown): Uint8Array | undefined {
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  if (!ArrayBuffer.isView(value)) return undefined;
  return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
}

/** For JSON: binary data would be a list of thousands of numbers. */
function readable(_key: string, value: unknown): unknown {
  const bytes = bytesOf(value);
  return bytes === undefined ? value : `(${bytes.length} bytes)`;
}
