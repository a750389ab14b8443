/** A command that was understood, and that could not be carried out: the message says why. The exit code is 1. */
export class RefusedError extends Error {
  override readonly name = "RefusedError";
}
