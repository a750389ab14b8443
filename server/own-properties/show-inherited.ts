/** Loaded when all is that needs hide-inherited.ts: what a program has put on `Object.prototype` can be seen again. */
import { hidden, setVisible } from "./hide-inherited.js";

for (const name of hidden) {
  const property = Object.getOwnPropertyDescriptor(Object.prototype, name);
  if (property !== undefined) setVisible(name, property, true);
}
