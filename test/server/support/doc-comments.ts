/** Reads what the interfaces of a TypeScript source say in their comments. */
import ts from "typescript";

/** The comments of all interfaces and of their members, each in one line: by `Member`, `Member.devices`. */
export function readDocs(source: string): Map<string, string> {
  const docs = new Map<string, string>();
  const add = (name: string, node: ts.Node): void => {
    const comment = ts.getJSDocCommentsAndTags(node).find((part) => ts.isJSDoc(part))?.comment;
    const text = ts.getTextOfJSDocComment(comment);
    if (text !== undefined) docs.set(name, text.replace(/\s+/g, " "));
  };
  const file = ts.createSourceFile("source.ts", source, ts.ScriptTarget.Latest, true);
  for (const statement of file.statements) {
    if (!ts.isInterfaceDeclaration(statement)) continue;
    add(statement.name.text, statement);
    for (const member of statement.members) {
      if (member.name !== undefined) add(`${statement.name.text}.${member.name.getText()}`, member);
    }
  }
  return docs;
}
