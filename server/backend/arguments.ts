/** Whether the arguments of a backend's calls are what they must be. Whatever a program gives, what is wrong is a RoomsError. */
import { z } from "zod";
import { describe } from "../api/describe.js";
import {
  deviceSchema,
  MAX_PAGE,
  messageIdSchema,
  positionSchema,
  roomSchema,
  shownNameSchema,
  sidSchema,
  tokenSchema,
  userSchema,
  wholeNumber,
} from "../api/values.js";
import { ownCopy, withoutPrototype } from "../own-properties/own-properties.js";
import { RoomsError } from "../api/rooms-error.js";

const room = roomSchema;
const user = userSchema;
const id = messageIdSchema.optional();
const as = z.strictObject({ user: userSchema, name: shownNameSchema.optional() }).optional();
const limit = wholeNumber(1, MAX_PAGE).default(100);

/** `data` apart: it may be anything, and is looked at once. */
export const ARGUMENTS = {
  publish: z.strictObject({ room, id, as }),
  signal: z.strictObject({ room, as }),
  send: z
    .strictObject({ user, id, as, receipt: z.boolean().optional() })
    .refine(({ receipt, as: sender }) => receipt !== true || sender !== undefined, {
      path: ["receipt"],
      message: "goes to the inbox of the user of `as`: give one",
    }),
  history: z
    .strictObject({ room, after: positionSchema.optional(), before: positionSchema.optional(), limit })
    .refine(({ after, before }) => after === undefined || before === undefined, {
      path: ["before"],
      message: "and `after` cannot be given together",
    }),
  members: z.strictObject({ room, after: user.optional(), limit }),
  rooms: z.strictObject({
    prefix: z.string().default(""),
    live: z.boolean().default(false),
    after: z.string().default(""),
    limit,
  }),
  room: z.strictObject({ room }),
  connections: z.strictObject({
    user: user.optional(),
    room: room.optional(),
    after: sidSchema.optional(),
    limit,
  }),
  inbox: z.strictObject({ user }),
  kick: z.strictObject({ room, user }),
  disconnect: z.union(
    [
      z.strictObject({ user, device: deviceSchema.optional() }),
      z.strictObject({ sid: sidSchema }),
      z.strictObject({ room }),
    ],
    "must be {user, device?}, {sid} or {room}",
  ),
  disconnectOptions: z.strictObject({ reconnect: z.boolean().default(false) }),
  revoke: z.union(
    [
      z.strictObject({ tokenId: tokenSchema }),
      z.strictObject({ user }),
      z.strictObject({ type: z.literal("token"), id: tokenSchema }),
      z.strictObject({
        ...{ type: z.literal("user"), user, issuedBefore: wholeNumber(0) },
        stampedBefore: z.exactOptional(wholeNumber(0)),
      }),
    ],
    "must be {tokenId} or {user}",
  ),
  clear: z.strictObject({ room, through: wholeNumber(0).optional() }),
} as const;

/** @throws RoomsError "invalid_argument", which says what is wrong. */
export function checked<Name extends keyof typeof ARGUMENTS>(
  name: Name,
  given: object,
): z.output<(typeof ARGUMENTS)[Name]> {
  const { error, data } = ARGUMENTS[name].safeParse(ownCopy(given));
  if (error !== undefined) throw new RoomsError("invalid_argument", describe(error, name));
  // What is left out is not to be found on Object.prototype, whatever a program has put there.
  return withoutPrototype(data as z.output<(typeof ARGUMENTS)[Name]>);
}
