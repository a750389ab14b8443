/** Copies of a data folder that are whole, whether or not a server has it open. */
import { createHash, randomBytes } from "node:crypto";
import {
  chmodSync,
  closeSync,
  copyFileSync,
  createReadStream,
  existsSync,
  fsyncSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { pipeline } from "node:stream/promises";
import { CHECKSUM_FILE, DATA_FILE, makeFolder } from "./data-folder.js";
import { copyInChild } from "./lmdb-copy.js";
import { damaged, storeError } from "./lmdb-errors.js";
import { StoreError } from "../store.js";

/** What begins the name of a folder in which a copy is made; one that was killed leaves it behind. */
const DRAFT = ".partial-";

/** What the system itself puts into the folder of an empty volume. */
const OF_VOLUMES = ["lost+found"];

/**
 * Copies the store of one folder into another, which must be empty or not there, with the further files that are named and a checksum.
 * The copy is that of one moment: of a running server's folder it has all that was acked before it began. The other folder has
 * a data file when the copy is whole and on disk, and not before.
 * @throws StoreError
 */
export async function copyStore(from: string, to: string, files: readonly string[]): Promise<void> {
  const target = resolve(to);
  const isThere = await about(to, () => checkTarget(from, to));
  const draftName = `${DRAFT}${randomBytes(4).toString("hex")}`;
  // A folder that is there may be a volume, which cannot be put in another's place.
  const draft = isThere ? join(target, draftName) : `${target}${draftName}`;
  try {
    await about(from, () => checkSum(from));
    // By the name that its user gave, where that cannot be made.
    await about(to, () => makeFolder(dirname(draft)));
    await about(to, () => makeFolder(draft));
    await copyInChild(from, draft, to);
    for (const file of files) {
      if (existsSync(join(from, file)))
        await about(from, () => copyFileSync(join(from, file), join(draft, file)));
    }
    await about(to, async () => {
      const sum = await sha256(join(draft, DATA_FILE));
      writeFileSync(join(draft, CHECKSUM_FILE), `${sum}  ${DATA_FILE}\n`);
      for (const file of readdirSync(draft)) {
        chmodSync(join(draft, file), 0o600);
        sync(join(draft, file));
      }
      sync(draft);
      if (isThere) moveFiles(draft, target);
      else renameSync(draft, target);
      sync(isThere ? target : dirname(target));
    });
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

/** Whether the folder to write is there. @throws StoreError where nothing can be written there. */
function checkTarget(from: string, to: string): boolean {
  const target = resolve(to);
  const isThere = existsSync(target);
  if (!isThere && lstatSync(target, { throwIfNoEntry: false }) !== undefined) {
    throw new StoreError("failed", `${to} is a link to nothing. Name a folder that is empty or not there.`);
  }
  const inThere = isThere ? readdirSync(target).filter((name) => !OF_VOLUMES.includes(name)) : [];
  if (inThere.length > 0) {
    const draft = inThere.find((name) => name.startsWith(DRAFT));
    const hint =
      draft && ` ${join(to, draft)} is of a copy that was not finished: remove it, unless one is running.`;
    throw new StoreError(
      "failed",
      `${to} is not empty. Name a folder that is empty or not there.${hint ?? ""}`,
    );
  }
  if (existsSync(from) && isInside(realpathSync(from), target)) {
    throw new StoreError(
      "failed",
      `${to} lies in ${from}, which is to be copied. Name a folder outside of it.`,
    );
  }
  return isThere;
}

/** Whether a path, of which the end may not be there, lies in a folder. */
function isInside(folder: string, path: string): boolean {
  let there = path;
  while (!existsSync(there)) there = dirname(there);
  const way = relative(folder, realpathSync(there));
  return way === "" || !(way === ".." || way.startsWith(`..${sep}`) || isAbsolute(way));
}

/** The data file last: without it there is no store, for whoever looks meanwhile, and after a crash. */
function moveFiles(from: string, to: string): void {
  for (const file of readdirSync(from)) if (file !== DATA_FILE) renameSync(join(from, file), join(to, file));
  renameSync(join(from, DATA_FILE), join(to, DATA_FILE));
}

/** Where the folder is a copy, and has its checksum. @throws StoreError "damaged" if the data file is not what was copied. */
async function checkSum(folder: string): Promise<void> {
  const path = join(folder, CHECKSUM_FILE);
  if (!existsSync(path)) return;
  const sum = readFileSync(path, "utf8").split(" ", 1)[0];
  if (sum !== (await sha256(join(folder, DATA_FILE)))) {
    throw damaged(folder, `its data file is not the one that was copied, as ${CHECKSUM_FILE} says`);
  }
}

async function sha256(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}

/** Has errors say which of the two folders is at fault. */
async function about<T>(folder: string, action: () => T | Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw storeError(error, folder);
  }
}

function sync(path: string): void {
  if (process.platform === "win32") return; // cannot sync a folder
  const handle = openSync(path, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
