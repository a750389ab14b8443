/** Clients of all servers, a process of its own. */
import { Absentees } from "../../durable/load/absentees.js";
import { answerQuestions } from "../../shared/questions.js";
import { DIALECTS, type DialectName } from "../dialects.js";
import { comeInEach } from "../load/members.js";
import { Publishers } from "../load/publishers.js";
import { Storm } from "../load/storm.js";
import type { LoadQuestion } from "../protocol.js";

const publishers = new Map<string, Publishers>();
const absentees = new Map<string, Absentees>();
/** Those that have come in, and are to go. */
const visitors = new Map<string, { drop(): void }>();

answerQuestions({ port: 0 }, async (question: LoadQuestion) => {
  const { group } = question;
  switch (question.ask) {
    case "publishers":
      publishers.set(group, await Publishers.connect(group, to(question)));
      return {};
    case "publish":
      await known(publishers, group).publish(question.each);
      return {};
    case "join": {
      const housed = await comeInEach(group, to(question));
      visitors.set(group, { drop: () => housed.forEach(({ member }) => member.drop()) });
      return {};
    }
    case "leave":
      absentees.set(group, await Absentees.leave(question.port, question));
      return {};
    case "come back":
      return known(absentees, group).comeBack(question.port);
    case "storm": {
      const storm = new Storm({ ...to(question), patience: question.patience });
      visitors.set(group, storm);
      return storm.run();
    }
    case "drop":
      known(visitors, group).drop();
      visitors.delete(group);
      return {};
  }
});

function to({ dialect, port, count }: { dialect: DialectName; port: number; count: number }) {
  return { dialect: DIALECTS[dialect], port, count };
}

function known<T>(groups: ReadonlyMap<string, T>, name: string): T {
  const group = groups.get(name);
  if (group === undefined) throw new Error(`there is no group ${name}`);
  return group;
}
