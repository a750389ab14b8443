/**
 * Loaded before zod, whose classes (4.6, in `members`) are built with a loop over all that can be seen of an object, and cannot be where
 * a program has put something on `Object.prototype`: that is hidden until show-inherited.ts is loaded. No other code runs meanwhile.
 */
import { withoutPrototype } from "./own-properties.js";

/** What was hidden, by its names. */
export const hidden: string[] = [];

export function setVisible(name: string, property: PropertyDescriptor, enumerable: boolean): void {
  Object.defineProperty(Object.prototype, name, withoutPrototype({ ...property, enumerable }));
}

for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(Object.prototype))) {
  if (property.enumerable !== true) continue;
  if (property.configurable !== true) {
    throw new TypeError(
      `The rooms server cannot be loaded: Object.prototype.${name} can be seen and cannot be changed. ` +
        "Load the server before the code that defines it, or define it with enumerable: false.",
    );
  }
  setVisible(name, property, false);
  hidden.push(name);
}
