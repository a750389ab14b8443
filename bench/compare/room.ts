/** The room of the rooms server in which all are. */
export const ROOM = "compare";
