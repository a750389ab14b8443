/** 128 random bits, in hexadecimal. (`crypto.randomUUID` is not there on a page over plain HTTP.) */
export function randomId(): string {
  const random = crypto.getRandomValues(new Uint8Array(16));
  return [...random].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
