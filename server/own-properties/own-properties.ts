/**
 * Own properties alone: what a program has put on `Object.prototype` is nobody's option. Pure. The bridge has three
 * functions like these for itself: fewer than a door in its package, which all its users could see, would be worth.
 */

/**
 * The value with all plain objects in it, at any depth, without a prototype: whoever walks over their properties, or asks for one
 * that is not there, finds nothing that is not their own. Instances of classes and functions are kept as they are.
 */
export function ownProperties(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ownProperties);
  if (!isPlain(value)) return value;
  return withoutPrototype(
    Object.fromEntries(Object.entries(value).map(([key, of]) => [key, ownProperties(of)])),
  );
}

/** A copy of an object that inherits nothing. What is in it is the same. */
export function withoutPrototype<T extends object>(object: T): T {
  return Object.assign<object, T>(Object.create(null) as object, object);
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
