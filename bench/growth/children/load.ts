/** Clients, a process of its own. */
import { answerQuestions } from "../../shared/questions.js";
import { ackAll } from "../load/acks.js";
import { Callers } from "../load/callers.js";
import { Crowd } from "../load/crowd.js";
import { MixedLoad } from "../load/mixed.js";
import type { LoadQuestion } from "../protocol.js";

const crowds = new Map<string, Crowd>();
const callers = new Map<string, Callers>();
let mixed: MixedLoad | undefined;

answerQuestions({ port: 0 }, async (question: LoadQuestion) => {
  switch (question.ask) {
    case "come": {
      const crowd = crowds.get(question.group) ?? new Crowd(question.group);
      crowds.set(question.group, crowd);
      await crowd.come(question);
      return {};
    }
    case "cut":
      known(crowds, question.group).cut(question.count);
      return {};
    case "callers":
      callers.set(question.group, await Callers.connect(question));
      return {};
    case "call":
      await known(callers, question.group).call(question.each);
      return {};
    case "acks":
      return ackAll(question);
    case "mix":
      mixed = await MixedLoad.start(question.port);
      return {};
    case "mixed":
      return { calls: mixed?.calls ?? 0 };
  }
});

function known<T>(groups: ReadonlyMap<string, T>, name: string): T {
  const group = groups.get(name);
  if (group === undefined) throw new Error(`there is no group ${name}`);
  return group;
}
