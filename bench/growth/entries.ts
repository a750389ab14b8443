/** Names that several processes use. */

/** The room that is filled with entries. */
export const FILLED_LOG = "long";
