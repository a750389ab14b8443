/** Types that are compared by the compiler. */

/** `true` where both are the same type, optional keys and all; `false` where one is only assignable to the other. */
export type Equal<A, B> = [Marked<A>] extends [Marked<B>]
  ? [Marked<B>] extends [Marked<A>]
    ? true
    : false
  : false;

/**
 * Assignability both ways says nothing of a key that may be left out and that one side does not know. So every key is
 * there here, and says whether it may be left out.
 */
type Marked<T> = unknown extends T
  ? T
  : T extends readonly (infer Item)[]
    ? Marked<Item>[]
    : T extends object
      ? { [K in keyof T]-?: { optional: IsOptional<T, K>; value: Marked<Required<T>[K]> } }
      : T;

type IsOptional<T, K extends keyof T> = object extends Pick<T, K> ? true : false;
