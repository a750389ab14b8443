/** The room of the rooms server in which all are, and what its publisher is called. */
export const ROOM = "compare";
export const PUBLISHER = "publisher";
