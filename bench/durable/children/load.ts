/** The load generator, a process of its own: has all clients of all servers. */
import { answerQuestions } from "../../shared/questions.js";
import { Absentees } from "../load/absentees.js";
import type { LoadQuestion } from "../protocol.js";
import { Publishers } from "../load/publishers.js";

const publishers = new Map<string, Publishers>();
const absentees = new Map<string, Absentees>();

answerQuestions({ port: 0 }, async (question: LoadQuestion) => {
  const { group } = question;
  switch (question.ask) {
    case "publishers":
      publishers.set(group, await Publishers.connect(question.protocol, question));
      return {};
    case "publish":
      return known(publishers, group).publish(question.count, question.warmUp, question.milliseconds);
    case "leave":
      absentees.set(group, await Absentees.leave(question.port, question));
      return {};
    case "come back":
      return known(absentees, group).comeBack(question.port);
  }
});

function known<T>(groups: ReadonlyMap<string, T>, name: string): T {
  const group = groups.get(name);
  if (group === undefined) throw new Error(`there is no group ${name}`);
  return group;
}
