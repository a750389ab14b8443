/** Values that are nearly like a sample: what a schema takes and what it refuses lie close together there. */
import fc from "fast-check";

type Place = readonly (string | number)[];
type Change =
  { type: "remove" } | { type: "replace"; value: unknown } | { type: "add"; key: string; value: unknown };

/**
 * On and beyond the bounds of the room API. Strings of astral characters are short, and have no surrogate alone: what is published says less
 * of them than the server (`atMost` and `label` in server/api/values.ts).
 */
const ODD_VALUES: readonly unknown[] = [
  ...[null, true, false, 0, 1, -1, 0.5, 500, 501, 1e21],
  ...[Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER + 1],
  ...["", " ", "\u2028", "x", " x", "a\u0000", "\u0085", "😀", "message", "receipt", "bridge"],
  ...[64, 65, 128, 129, 8192, 8193].map((length) => "x".repeat(length)),
  ...[[], {}, [{}], { epoch: "e", offset: 1 }, { ok: true }, { ok: false }],
];

const FIELDS = [
  "extra",
  "ok",
  "room",
  "data",
  "id",
  "since",
  "after",
  "before",
  "limit",
  "error",
  "messages",
];

/** The sample with none to three changes. Object keys and array items come and go, values become others. */
export function mutant(sample: unknown): fc.Arbitrary<unknown> {
  const value = fc.oneof(fc.constantFrom(...ODD_VALUES), fc.jsonValue({ maxDepth: 2 }));
  const change: fc.Arbitrary<Change> = fc.oneof(
    fc.constant<Change>({ type: "remove" }),
    fc.record({ type: fc.constant<"replace">("replace"), value }),
    fc.record({ type: fc.constant<"add">("add"), key: fc.constantFrom(...FIELDS), value }),
  );
  const place = fc.constantFrom(...placesIn(sample, []));
  return fc
    .array(fc.tuple(place, change), { maxLength: 3 })
    .map((changes) =>
      changes.reduce<unknown>((result, [where, what]) => changed(result, where, what), sample),
    );
}

/** Where something is in a value, the value itself first. */
function placesIn(value: unknown, here: Place): Place[] {
  if (typeof value !== "object" || value === null) return [here];
  return [
    here,
    ...Object.entries(value).flatMap(([key, item]) =>
      placesIn(item, [...here, Array.isArray(value) ? Number(key) : key]),
    ),
  ];
}

/** `value` with a change at a place, or as it is where an earlier change took the place away. */
function changed(value: unknown, [key, ...rest]: Place, change: Change): unknown {
  if (key === undefined) {
    if (change.type === "replace") return change.value;
    if (change.type === "remove" || !isObject(value)) return value;
    return { ...value, [change.key]: change.value };
  }
  const isRemoved = rest.length === 0 && change.type === "remove";
  if (Array.isArray(value)) {
    return isRemoved
      ? value.filter((_item, i) => i !== key)
      : value.map((item: unknown, i) => (i === key ? changed(item, rest, change) : item));
  }
  if (!isObject(value) || !Object.hasOwn(value, key)) return value;
  const { [key]: item, ...others } = value;
  return isRemoved ? others : { ...value, [key]: changed(item, rest, change) };
}

function isObject(value: unknown): value is Record<string | number, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
