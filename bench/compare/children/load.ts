/** Clients of all ways, in a process of their own. */
import { answerQuestions } from "../../shared/questions.js";
import { Group } from "../load/group.js";
import type { LoadQuestion } from "../protocol.js";

const groups = new Map<string, Group>();

answerQuestions({ port: 0 }, (question: LoadQuestion): object | Promise<object> => {
  switch (question.ask) {
    case "connect": {
      const group = groups.get(question.group) ?? new Group(question.group);
      groups.set(question.group, group);
      return group.connect(question.way, question.port, question).then((milliseconds) => ({ milliseconds }));
    }
    case "expect":
      return known(question.group)
        .expect(question.first, question.last, question.patience)
        .then((latencies) => ({ latencies }));
    case "missed":
      return { missed: known(question.group).missed(question.first, question.last, question.inTime) };
    case "send":
      return known(question.group)
        .send(question.count, question.every)
        .then(() => ({}));
    case "drop":
      known(question.group).drop();
      groups.delete(question.group);
      return {};
  }
});

function known(name: string): Group {
  const group = groups.get(name);
  if (group === undefined) throw new Error(`there is no group ${name}`);
  return group;
}
