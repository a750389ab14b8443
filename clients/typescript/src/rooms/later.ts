/** Values that may be there now, or later: of a storage that is synchronous or not. Imports nothing. */

export type Maybe<T> = T | PromiseLike<T>;

/** Goes on with the value at once, or when it has come. */
export function andThen<T, Result>(
  value: Maybe<T>,
  next: (value: T) => Result,
): Maybe<Awaited<Result> | Result> {
  return isLater(value) ? value.then(next) : next(value);
}

export function isLater<T>(value: Maybe<T>): value is PromiseLike<T> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
