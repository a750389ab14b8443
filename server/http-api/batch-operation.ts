/** Many operations in one request. */
import type { Published, Sent } from "../api/types.js";
import type { Backend } from "../backend/backend.js";
import { requireAllRooms, requireRoom, type Caller } from "./caller.js";
import { operation } from "./operation.js";
import { Problem, problemOf } from "./problem.js";
import { sentOptions } from "./room-operations.js";
import { batchAnswerSchema, batchSchema, type BatchOperation, type BatchResult } from "./shapes.js";

/** Bytes of a batch. */
export const BATCH_BYTES = 1024 * 1024;

type Publish = Extract<BatchOperation, { op: "publish" }>;
type Result = Omit<BatchResult, "results">;

/** A message of a batch to one room, and where its result is to be put. */
interface Pending {
  readonly room: string;
  readonly of: Publish;
  readonly done: (result: Result) => void;
}

export const BATCH_OPERATION = operation({
  id: "batch",
  method: "POST",
  path: "/batch",
  summary: "Up to 1,000 operations in one request",
  description:
    "They are done in their order, and each has a result of its own: what one is refused for stops no other. With `rooms`, one message goes to " +
    "many rooms. Where the body is not as described, nothing is done at all.",
  scope: "publish",
  reach: "checked",
  parameters: {},
  query: {},
  body: batchSchema,
  bodyBytes: () => BATCH_BYTES,
  answers: {
    200: { description: "All of them were done.", schema: batchAnswerSchema },
    207: { description: "Some were refused; the results say which.", schema: batchAnswerSchema },
  },
  async handle({ body: { operations }, caller }, { backend }) {
    const results = await perform(operations, caller, backend);
    const isGood = results.every(({ status }) => status < 207);
    return { status: isGood ? 200 : 207, body: { results } };
  },
});

async function perform(
  operations: readonly BatchOperation[],
  caller: Caller,
  backend: Backend,
): Promise<BatchResult[]> {
  const results: BatchResult[] = operations.map(() => ({ status: 500 }));
  // What is to be kept is begun together, in its order, and shares its commits; what is only told waits for what is before it.
  let messages: Pending[] = [];
  let sends: Promise<void>[] = [];
  const flush = async (): Promise<void> => {
    const begun = [publishAll(messages, caller, backend), ...sends];
    [messages, sends] = [[], []];
    await Promise.all(begun);
  };
  for (const [index, one] of operations.entries()) {
    const put = (result: BatchResult): void => void (results[index] = result);
    if (one.op === "publish") messages.push(...messagesOf(one, put));
    else if (one.op === "send") sends.push(resultOf(() => send(one, caller, backend)).then(put));
    else {
      await flush();
      put(await resultOf(() => signal(one, caller, backend)));
    }
  }
  await flush();
  return results;
}

function messagesOf(of: Publish, put: (result: BatchResult) => void): Pending[] {
  if (!("rooms" in of)) return [{ room: of.room, of, done: put }];
  const { rooms } = of;
  const results: NonNullable<BatchResult["results"]> = [];
  return rooms.map((room, at) => ({
    room,
    of,
    done(result) {
      results[at] = { room, ...result };
      if (Object.keys(results).length === rooms.length) put({ status: statusOfAll(results), results });
    },
  }));
}

function statusOfAll(results: readonly Result[]): number {
  if (results.some(({ status }) => status > 201)) return 207;
  return results.every(({ status }) => status === 200) ? 200 : 201;
}

/** Those that the caller may send go to the backend together, so that they are kept together. */
async function publishAll(pending: readonly Pending[], caller: Caller, backend: Backend): Promise<void> {
  const allowed: Pending[] = [];
  for (const one of pending) {
    try {
      requireRoom(caller, one.room);
      sentOptions(caller, one.of);
      allowed.push(one);
    } catch (error) {
      one.done(refusal(error));
    }
  }
  if (allowed.length === 0) return;
  const items = allowed.map(({ room, of: { data, id, as } }) => ({
    ...{ room, data },
    ...(id === undefined ? {} : { id }),
    ...(as === undefined ? {} : { as }),
  }));
  const published = await backend.publishAll(items);
  for (const [at, { done }] of allowed.entries()) {
    const answer = published[at];
    done(answer === undefined || answer instanceof Error ? refusal(answer) : kept(answer));
  }
}

async function send(
  { user, data, id, as, receipt }: Extract<BatchOperation, { op: "send" }>,
  caller: Caller,
  backend: Backend,
): Promise<Result> {
  requireAllRooms(caller);
  const options = {
    ...(id === undefined ? {} : { id }),
    ...(as === undefined ? {} : { as }),
    ...(receipt === undefined ? {} : { receipt }),
  };
  return kept(await backend.send(user, data, sentOptions(caller, options)));
}

async function signal(
  { room, data, as }: Extract<BatchOperation, { op: "signal" }>,
  caller: Caller,
  backend: Backend,
): Promise<Result> {
  requireRoom(caller, room);
  await backend.signal(room, data, sentOptions(caller, as === undefined ? {} : { as }));
  return { status: 204 };
}

function kept(answer: Published | Sent): Result {
  return { status: answer.duplicate ? 200 : 201, answer };
}

async function resultOf(action: () => Promise<Result>): Promise<Result> {
  try {
    return await action();
  } catch (error) {
    return refusal(error);
  }
}

/** @throws what nobody has foreseen: then the whole batch ends with 500. */
function refusal(error: unknown): Result {
  const problem = problemOf(error);
  if (problem === undefined) throw error instanceof Error ? error : new Problem("internal");
  const { errors, ...body } = problem.body;
  return {
    status: body.status,
    problem: { ...body, ...(errors === undefined ? {} : { errors: [...errors] }) },
  };
}
