/** What is there at once is used at once: thousands who come back together cost no promise and no tick each. Pure. */

/**
 * What `next` makes of a value that is there, or will be. Where it is there, the answer is too, and what `next` throws is thrown; where it
 * is a promise, the answer is one.
 */
export function when<T, U>(value: T | Promise<T>, next: (value: T) => U | Promise<U>): U | Promise<U> {
  return isPromise(value) ? Promise.resolve(value).then(next) : next(value);
}

/** The first value that a function is called back with: at once, where it calls back before it returns. */
export function calledBack<T>(ask: (done: (value: T) => void) => void): T | Promise<T> {
  let first: { value: T } | undefined;
  let settle: ((value: T) => void) | undefined;
  ask((value) => {
    first ??= { value };
    settle?.(value);
  });
  // Seen by the callback alone.
  const answer = first as { value: T } | undefined;
  return answer === undefined ? new Promise((resolve) => (settle = resolve)) : answer.value;
}

/** An application's may be of another library's kind. */
function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
