/** Own properties alone: what a program has put on `Object.prototype` is nobody's option. Pure. */

/** A copy of an object that inherits nothing. What is in it is the same. */
export function withoutPrototype<T extends object>(object: T): T {
  return Object.assign<object, T>(Object.create(null) as object, object);
}

/** Has an object inherit nothing, instead of making a copy: for one that was just made, and that nobody else has. */
export function disinherit<T extends object>(object: T): T {
  return Object.setPrototypeOf(object, null) as T;
}

/**
 * What can be seen of an object, and whatever has one of `names`, in a copy that inherits nothing: what it has itself, and what it
 * has of its class or of the defaults that it was made from. What all objects inherit is left out.
 */
export function givenProperties(object: object, names: readonly string[]): Record<string, unknown> {
  const given = Object.create(null) as Record<string, unknown>;
  let at: object | null = object;
  do {
    for (const [name, { enumerable }] of Object.entries(Object.getOwnPropertyDescriptors(at))) {
      if (name in given || (enumerable !== true && !names.includes(name))) continue;
      given[name] = Reflect.get(at, name, object);
    }
    at = Object.getPrototypeOf(at) as object | null;
  } while (at !== null && Object.getPrototypeOf(at) !== null);
  return given;
}

/** The value, and where it is a plain object a copy that inherits nothing; what is in it stays as it is. */
export function ownCopy(value: unknown): unknown {
  return isPlain(value) ? withoutPrototype(value) : value;
}

/** Whether it is an object that was written down, and not made by a class. */
function isPlain(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
