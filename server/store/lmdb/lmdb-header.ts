/**
 * Looks at a data file before LMDB maps it: reading a mapped page that the file does not have ends the process with
 * SIGBUS. The layout is that of the two meta pages in mdb.c of lmdb-js 3.5, on 64-bit little-endian machines.
 */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { endianness } from "node:os";

const PAGE_FLAGS = 18;
const IS_META_PAGE = 0x08;
const META = 24;
const MAGIC = 0xbeefc0de;
/** Offsets in a meta page, of MDB_meta's members. */
const AT = { magic: META, version: META + 4, pageSize: META + 24, lastPage: META + 120, txn: META + 128 };
const META_BYTES = META + 144;
const DATA_VERSION = 2;

export type HeaderFault = "empty" | "foreign" | "other_version" | "truncated";

/** What is wrong with a data file; undefined if LMDB may map it. @throws what the file system says. */
export function faultOf(path: string): HeaderFault | undefined {
  if (!layoutIsKnown()) return undefined;
  const file = openSync(path, "r");
  try {
    const first = readMeta(file, 0);
    if (first === undefined) return fstatSync(file).size === 0 ? "empty" : "truncated";
    if (!first.isMeta) return "foreign";
    if (first.version !== DATA_VERSION) return "other_version";
    const second = readMeta(file, first.pageSize);
    if (second === undefined) return "truncated";
    if (!second.isMeta) return "foreign";
    const { lastPage } = first.txn >= second.txn ? first : second;
    // The size is read last: another process may be appending, and a file never shrinks. LMDB may leave out pages at
    // the end that are free; the writer sees to it that the file is as long as if it had not.
    const pages = BigInt(fstatSync(file).size) / BigInt(first.pageSize);
    return pages <= lastPage ? "truncated" : undefined;
  } finally {
    closeSync(file);
  }
}

function readMeta(file: number, at: number) {
  const bytes = Buffer.alloc(META_BYTES);
  if (readSync(file, bytes, 0, META_BYTES, at) < META_BYTES) return undefined;
  const pageSize = bytes.readUInt32LE(AT.pageSize);
  return {
    isMeta: bytes.readUInt32LE(AT.magic) === MAGIC && (bytes.readUInt16LE(PAGE_FLAGS) & IS_META_PAGE) !== 0,
    version: bytes.readUInt32LE(AT.version) & 0xffff,
    pageSize,
    lastPage: bytes.readBigUInt64LE(AT.lastPage),
    txn: bytes.readBigUInt64LE(AT.txn),
  };
}

function layoutIsKnown(): boolean {
  return endianness() === "LE" && ["x64", "arm64", "riscv64", "loong64", "ppc64"].includes(process.arch);
}
