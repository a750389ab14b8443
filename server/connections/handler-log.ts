/** The part of a pino logger that is used here. */
export interface HandlerLog {
  debug(fields: object, message: string): void;
  /** What was done over the HTTP API that others notice: with which key, and to whom. Left out: these lines are warnings. */
  info?(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
